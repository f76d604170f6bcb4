package experiments

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocate(t *testing.T) {
	const text = `# comment = 1
title = "T" # not """ a string
networks = [
  "plain-20", # a = 1
]
long = """
seeds = 1
"""
seeds = 2

[ paper . "test" ]
"resnet-20" = 1
'odd key' = 2
dotted.a = 1

[[claim]]
name = "a"
[[claim]]
name = "b"
inline = { x = 1 }
[claim.sub]
y = 1
[[claim.list]]
z = 1
broken "x = 1
[broken
`
	want := map[string]int{
		"title": 2, "networks": 3, "long": 6, "seeds": 9,
		"paper.test": 11, "paper.test.resnet-20": 12, `paper.test."odd key"`: 13, "paper.test.dotted.a": 14,
		"claim[1]": 16, "claim[1].name": 17, "claim[2]": 18, "claim[2].name": 19, "claim[2].inline": 20,
		"claim[2].sub": 21, "claim[2].sub.y": 22, "claim[2].list[1]": 23, "claim[2].list[1].z": 24,
		"broken": 26,
	}
	if diff := cmp.Diff(want, locate(text)); diff != "" {
		t.Errorf("locate (-want +got):\n%s", diff)
	}
}

// A byte order mark, which the decoder skips, does not hide the first key.
func TestLocateBehindMark(t *testing.T) {
	if got := locate("\ufefftitle = 1\n"); got["title"] != 1 {
		t.Errorf("%v; want title in line 1", got)
	}
}
