package train

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"deepresidual/models"
)

// errKilled stands for the death of the process: the loop returns at once and
// writes nothing more.
var errKilled = errors.New("killed")

// fakeModel is a Model of a few numbers whose every step depends on all that a
// run must restore: the weights, the momentum, the running statistics, the
// images, their order and augmentation, and the learning rate.
type fakeModel struct {
	weights, momentum, running [3]float32
	measuring                  bool
	measured                   float64

	steps, evaluations    int
	killStep, killEval    int                // 1-based call that fails; 0 for none
	infiniteStep          int                // call whose loss is infinite; 0 for none
	infiniteEval          int                // the same of evaluations
	breaks                string             // what is NaN at the end: "weights" or "responses"
	wrong                 func(step int) int // nil: by the weights
	afterStep, beforeEval func()
	losses                []float64          // of the steps, one after the other; nil: by the weights
	wrongIn               func(call int) int // of evaluations, 1-based; nil: by the weights
	seen                  [][]uint8          // the labels of each evaluation
	batches               []models.Batch     // copies of those of the steps
	rates                 []float32          // of the steps
	seed                  int64

	rounding       string                // "fake" if it is empty
	initialisation models.Initialisation // what it was told last
	hyper          models.Hyper
}

func (f *fakeModel) Initialise(seed int64, i models.Initialisation) {
	*f = fakeModel{
		rounding: f.rounding, initialisation: i, seed: seed, losses: f.losses, wrongIn: f.wrongIn,
		weights:  [3]float32{float32(seed), 0.5, -0.25},
		killStep: f.killStep, killEval: f.killEval, infiniteStep: f.infiniteStep,
		infiniteEval: f.infiniteEval, breaks: f.breaks,
		wrong: f.wrong, afterStep: f.afterStep, beforeEval: f.beforeEval,
	}
}

func (f *fakeModel) look(b *models.Batch) (features [3]float32) {
	for i := range b.N {
		for p, v := range b.Image(i) {
			features[p%3] += v * float32(1+p%7) * float32(1+int(b.Labels[i])+i)
		}
	}
	for c := range features {
		features[c] /= float32(b.N * models.PaddedImage)
	}
	return features
}

func (f *fakeModel) Step(b *models.Batch, h models.Hyper) (models.Result, error) {
	f.steps++
	f.hyper = h
	f.rates = append(f.rates, h.LearningRate)
	f.batches = append(f.batches, models.Batch{N: b.N, Images: slices.Clone(b.Images), Labels: slices.Clone(b.Labels)})
	if f.steps == f.killStep {
		return models.Result{}, errKilled
	}
	loss := 0.0
	for i, x := range f.look(b) {
		f.running[i] = 0.9*f.running[i] + 0.1*x
		f.momentum[i] = h.Momentum*f.momentum[i] + x + h.WeightDecay*f.weights[i]
		f.weights[i] -= h.LearningRate * f.momentum[i]
		loss += math.Abs(float64(f.weights[i] * x))
	}
	if f.losses != nil {
		loss = f.losses[f.steps-1]
	}
	if f.steps == f.infiniteStep {
		loss = math.Inf(1)
	}
	wrong := int(math.Float32bits(f.weights[0])>>3) % (b.N + 1)
	if f.wrong != nil {
		wrong = f.wrong(f.steps)
	}
	if f.afterStep != nil {
		f.afterStep()
	}
	return models.Result{Loss: loss, Wrong: wrong}, nil
}

func (*fakeModel) SetThreads(int) {}

func (f *fakeModel) Evaluate(b *models.Batch) (models.Result, error) {
	f.evaluations++
	if f.evaluations == f.killEval {
		return models.Result{}, errKilled
	}
	if f.beforeEval != nil {
		f.beforeEval()
	}
	sum := float32(0)
	for i, x := range f.look(b) {
		sum += (x - f.running[i]) * f.weights[i]
	}
	if f.measuring {
		f.measured += float64(sum)
	}
	r := models.Result{Wrong: int(math.Float32bits(sum)>>3) % (b.N + 1)}
	f.seen = append(f.seen, slices.Clone(b.Labels[:b.N]))
	if f.wrongIn != nil {
		r.Wrong = f.wrongIn(f.evaluations)
	}
	if f.evaluations == f.infiniteEval {
		r.Loss = math.Inf(1)
	}
	return r, nil
}

func (f *fakeModel) MeasureResponses() { f.measuring, f.measured = true, 0 }

func (f *fakeModel) Responses() []models.Response {
	first, second := math.Abs(f.measured), math.Abs(f.measured/2)
	switch f.breaks {
	case "weights":
		f.weights[1] = float32(math.NaN())
	case "responses":
		second = math.NaN()
	}
	return []models.Response{{Layer: "conv1", Std: first}, {Layer: "layer1.0.conv1", Std: second}}
}

func (f *fakeModel) Tensors() []models.Tensor {
	return []models.Tensor{
		{Name: "conv1.weight", Shape: []int{3, 1}, Data: append([]float32(nil), f.weights[:]...)},
		{Name: "bn1.running_mean", Shape: []int{3}, Data: append([]float32(nil), f.running[:]...)},
	}
}

func (f *fakeModel) Load(t []models.Tensor) error {
	copy(f.weights[:], t[0].Data)
	copy(f.running[:], t[1].Data)
	return nil
}

func (f *fakeModel) Momentum() []models.Tensor {
	return []models.Tensor{{Name: "conv1.weight", Shape: []int{3, 1}, Data: append([]float32(nil), f.momentum[:]...)}}
}

func (f *fakeModel) LoadMomentum(t []models.Tensor) error {
	copy(f.momentum[:], t[0].Data)
	return nil
}

func (f *fakeModel) Rounding() string { return cmp.Or(f.rounding, "fake") }
