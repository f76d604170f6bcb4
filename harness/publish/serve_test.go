package publish

import (
	"testing"
	"time"

	"deepresidual/results"
)

// A finished run that is trained again ends like the one before it.
func TestVersionOfARunTrainedAgain(t *testing.T) {
	version := func(started time.Time) string {
		return versionOf([]*results.Record{{Status: results.Complete, Provenance: results.Provenance{Started: started}}}, nil)
	}
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if version(first) == version(first.Add(time.Hour)) || version(first) != version(first) {
		t.Error("the version of the page does not tell a run from the one that replaces it")
	}
}

func TestListenAddress(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"8080", "127.0.0.1:8080"},
		{":8080", "127.0.0.1:8080"},
		{"localhost:0", "localhost:0"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"[::1]:80", "[::1]:80"},
	} {
		if got, err := ListenAddress(c.in); got != c.want || err != nil {
			t.Errorf("ListenAddress(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "localhost", "1:2:3", "99999"} {
		if got, err := ListenAddress(in); err == nil {
			t.Errorf("ListenAddress(%q) = %q, want an error", in, got)
		}
	}
}
