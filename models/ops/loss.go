package ops

import "math"

// loss is softmax and the mean cross-entropy over the batch.
type loss struct {
	input  *input
	scores *Scores
	result *Loss
	probs  []float64 // (N, classes), for the gradient
}

// lossGrad is its gradient with respect to the scores.
type lossGrad struct{ loss *loss }

// Loss adds softmax and cross-entropy with the labels of the input.
func (p *Program) Loss(s *Scores) *Loss {
	l := &loss{input: &p.input, scores: s, result: &Loss{}, probs: make([]float64, len(s.data))}
	p.steps = append(p.steps, l)
	return l.result
}

func (l *loss) buffers() []*buffer { return nil }

// run computes the loss and counts the errors. The last bit of math.Exp is not the
// same on all processors: nor is that of the loss, and rarely that of a gradient.
func (l *loss) run() {
	n, classes := l.input.N, l.scores.classes
	sum, wrong := 0.0, 0
	for i := range n {
		scores := l.scores.data[i*classes:][:classes]
		probs := l.probs[i*classes:][:classes]
		best := 0
		for j, s := range scores {
			if s > scores[best] {
				best = j
			}
		}
		label := int(l.input.Labels[i])
		if best != label {
			wrong++
		}
		top, total := float64(scores[best]), 0.0
		for j, s := range scores {
			probs[j] = math.Exp(float64(s) - top)
			total += probs[j]
		}
		for j := range probs {
			probs[j] /= total
		}
		sum += math.Log(total) - (float64(scores[label]) - top)
	}
	l.result.Mean, l.result.Wrong = sum/float64(n), wrong
}

func (l *loss) gradient() step { return &lossGrad{l} }

func (b *lossGrad) buffers() []*buffer { return nil }

// run computes the gradient, (softmax - one-hot label) / N.
func (b *lossGrad) run() {
	l := b.loss
	n, classes := l.input.N, l.scores.classes
	scale := 1 / float64(n)
	for i := range n {
		label := int(l.input.Labels[i])
		for j := range classes {
			g := l.probs[i*classes+j]
			if j == label {
				g--
			}
			l.scores.grad[i*classes+j] = float32(g * scale)
		}
	}
}
