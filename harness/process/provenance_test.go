package process

import "testing"

// A record is meant to be shown, and its command to be given again.
func TestCommand(t *testing.T) {
	got := command([]string{"-exp", "./my spec.toml", "-data", "https://ann:secret@host/a.tgz?token=secret", "-results=r\xe4"})
	if want := "-exp './my spec.toml' -data https://host/a.tgz '-results=r\uFFFD'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
