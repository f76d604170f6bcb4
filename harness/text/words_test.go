package text

import (
	"os/exec"
	"strings"
	"testing"
)

// A shell takes quoted words for what they were.
func TestWords(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	args := []string{"plain", "", "two words", "it's", `"$HOME" \ *`, "-x=1/16", "ümlaut"}
	out, err := exec.Command(sh, "-c", `for a in "$@"; do :; done; printf '%s\n' `+Words(args)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(args, "\n") + "\n"; string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// What is said in public of an address leads nobody past its door.
func TestPublic(t *testing.T) {
	for _, c := range []struct{ argument, want string }{
		{"fig1", "fig1"}, {"../data/a?b#c@d", "../data/a?b#c@d"}, {"https", "https"},
		{"https://host/cifar-10.tar.gz", "https://host/cifar-10.tar.gz"},
		{"https://ann:secret@host:8080/a%20b.tgz?token=secret&x#secret", "https://host:8080/a%20b.tgz"},
		{"-data=http://secret@host/a.tgz", "-data=http://host/a.tgz"},
		{"HTTP://ann:secret@host", "http://host"},
		{"https://host?sig=secret", "https://host"},
		{"https://ann:sec/ret@host/a", "https://..."},
		{"https://ann:7/secret@host/a", "https://..."},
		{"https://ann:sec%ret@host/a", "https://..."},
		{"https://host/a,https://ann:secret@host/b", "https://..."},
	} {
		if got := Public(c.argument); got != c.want {
			t.Errorf("%s is said as %s, want %s", c.argument, got, c.want)
		}
	}
}
