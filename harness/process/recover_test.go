package process

import (
	"strings"
	"testing"
)

func TestRecover(t *testing.T) {
	t.Setenv(traceVariable, "")
	f := func() (err error) {
		defer Recover(&err)
		var m map[string]int
		m["a"] = 1
		return nil
	}
	err := f()
	if err == nil || !strings.Contains(err.Error(), "nil map") || !strings.Contains(err.Error(), "process.TestRecover.func1, line 13") {
		t.Errorf("got %v, want the panic and where it was", err)
	}
}
