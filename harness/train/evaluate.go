package train

import (
	"context"
	"fmt"

	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/results"
)

// EvalBatch is the number of images that are evaluated at a time. It changes no
// result.
const EvalBatch = 200

// View is a set of images as they are evaluated: in order, unaugmented.
type View struct {
	N    int
	fill func(b *models.Batch, first, n int) // images first <= i < first+n
}

// TestView returns the test images in their original view.
func TestView(set *data.Set, norm *data.Normalisation) View {
	return View{set.Test.N, func(b *models.Batch, first, n int) {
		data.FillPlain(b, set.Test, first, n, norm)
	}}
}

// validationView returns the held-out training images in their original view.
func validationView(set *data.Set, indices []int, norm *data.Normalisation) View {
	return View{len(indices), func(b *models.Batch, first, n int) {
		data.FillIndices(b, set.Train, indices[first:first+n], norm)
	}}
}

// CountErrors returns how many images of a view the network, with its running
// statistics, assigns to a wrong class. The last batch may be a partial one. It
// stops between batches when ctx ends.
func CountErrors(ctx context.Context, m interface {
	Evaluate(*models.Batch) (models.Result, error)
}, v View) (int, error) {
	b := models.NewBatch(min(EvalBatch, v.N))
	wrong := 0
	for first := 0; first < v.N; first += EvalBatch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		v.fill(b, first, min(EvalBatch, v.N-first))
		r, err := m.Evaluate(b)
		if err != nil {
			return 0, fmt.Errorf("evaluating images %d to %d: %w", first, first+b.N-1, err)
		}
		wrong += r.Wrong
	}
	return wrong, nil
}

// measureResponses measures the standard deviation of each 3x3 layer's output,
// after batch normalisation and before ReLU and addition, over the test set
// (Figure 7).
func (t *trainer) measureResponses(ctx context.Context) error {
	t.Model.ClearResponses()
	if _, err := CountErrors(ctx, t.Model, t.test); err != nil {
		return err
	}
	t.Record.Responses = nil
	for i, r := range t.Model.Responses() {
		t.Record.Responses = append(t.Record.Responses, results.Response{Layer: i + 1, Name: r.Layer, Std: r.Std})
	}
	return nil
}
