package train

import (
	"fmt"
	"strings"
	"testing"

	"deepresidual/models"
)

// A panic while a minibatch is prepared is one of who asks for it, and says where.
func TestInputPanics(t *testing.T) {
	in := startInput(func(_ *models.Batch, iteration int) {
		if iteration == 3 {
			panic("no such image")
		}
	}, 1, 0, 9)
	defer in.stop()
	for range 3 {
		in.giveBack(in.next())
	}
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "TestInputPanics") || !strings.Contains(text, "no such image") {
			t.Errorf("it panics with %s", text)
		}
	}()
	in.next()
}
