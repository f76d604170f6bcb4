package train

import (
	"errors"
	"math"
	"testing"

	"deepresidual/models"
)

// overflowing is a network whose scores are no numbers, of which none is the highest.
type overflowing struct{}

func (overflowing) Evaluate(b *models.Batch) (models.Result, error) {
	return models.Result{Loss: math.NaN(), Wrong: b.N / 10 * 9}, nil
}

// Scores that are no numbers are not taken for the error of chance.
func TestScoresThatOverflow(t *testing.T) {
	view := View{N: 250, fill: func(b *models.Batch, first, n int) { b.N = n }}
	if wrong, err := CountErrors(t.Context(), overflowing{}, view); !errors.Is(err, ErrOverflow) {
		t.Errorf("%d of 250 wrong, %v", wrong, err)
	}
}
