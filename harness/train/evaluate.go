package train

import (
	"context"
	"errors"
	"fmt"

	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/results"
)

// EvalBatch is the number of images that are evaluated at a time. It changes no
// result but the last digits of layer responses.
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

// evaluator is what a network is evaluated by.
type evaluator interface {
	Evaluate(*models.Batch) (models.Result, error)
}

// ErrOverflow says that with its weights a network's scores are no numbers.
var ErrOverflow = errors.New("the network cannot be evaluated, since with its weights the scores are no numbers")

// CountErrors returns how many images of a view the network, with its running
// statistics, assigns to a wrong class. It stops between batches when ctx ends.
func CountErrors(ctx context.Context, m evaluator, v View) (int, error) {
	r, err := evaluate(ctx, m, v)
	if err == nil && !finite(r.Loss) {
		return 0, fmt.Errorf("%w: the loss is %v", ErrOverflow, r.Loss)
	}
	return r.Wrong, err
}

// evaluate returns the mean loss of the images of a view, and how many are
// assigned to a wrong class. The last batch may be a partial one.
func evaluate(ctx context.Context, m evaluator, v View) (models.Result, error) {
	b := models.NewBatch(min(EvalBatch, v.N))
	var all models.Result
	for first := 0; first < v.N; first += EvalBatch {
		if err := ctx.Err(); err != nil {
			return models.Result{}, err
		}
		v.fill(b, first, min(EvalBatch, v.N-first))
		r, err := m.Evaluate(b)
		if err != nil {
			return models.Result{}, fmt.Errorf("evaluating images %d to %d: %w", first, first+b.N-1, err)
		}
		all.Loss += r.Loss * float64(b.N)
		all.Wrong += r.Wrong
	}
	all.Loss /= float64(v.N)
	return all, nil
}

// measureResponses measures the standard deviation of each 3x3 layer's output,
// after batch normalisation and before ReLU and addition, over the test set
// (Figure 7).
func (t *trainer) measureResponses(ctx context.Context) ([]results.Response, error) {
	t.Model.MeasureResponses()
	if _, err := t.errorOn(ctx, t.test, "test"); err != nil {
		return nil, err
	}
	var responses []results.Response
	for i, r := range t.Model.Responses() {
		if !finite(r.Std) {
			return nil, t.diverged("the response of "+r.Layer, r.Std)
		}
		responses = append(responses, results.Response{Layer: i + 1, Name: r.Layer, Std: r.Std})
	}
	return responses, nil
}
