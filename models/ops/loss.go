package ops

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// loss is softmax and the mean cross-entropy over the batch.
type loss struct {
	node
	scores *Scores
	result *Loss
	probs  []float64 // (N, classes), for the gradient
}

// lossGrad is its gradient with respect to the scores.
type lossGrad struct {
	node
	loss *loss
}

// Loss adds softmax and cross-entropy with the labels of the input.
func (p *Program) Loss(scores *gorgonia.Node) (*gorgonia.Node, *Loss, error) {
	s := p.values[scores].(*Scores)
	result := &Loss{value: value{shape: tensor.ScalarShape(), dtype: tensor.Float32, data: make([]float32, 1)}}
	l := &loss{
		node:   p.newNode("loss", result, result.shape, scores),
		scores: s, result: result, probs: make([]float64, len(s.data)),
	}
	n, err := p.apply(l, scores)
	return n, result, err
}

func (l *loss) buffers() []*Buffer { return nil }

// Do computes the loss and counts the errors.
func (l *loss) Do(...gorgonia.Value) (gorgonia.Value, error) {
	n, classes := l.program.input.N, l.scores.shape[1]
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
		label := int(l.program.input.Labels[i])
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
	l.result.data[0] = float32(l.result.Mean)
	return l.out, nil
}

// DiffWRT says that the scores have a gradient.
func (l *loss) DiffWRT(int) []bool { return []bool{true} }

// SymDiff adds the gradient, (softmax - one-hot label) / N, times that of the loss.
func (l *loss) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	p := l.program
	v := &Scores{value{l.scores.shape, tensor.Float32, l.scores.grad}, nil}
	back := &lossGrad{node: p.newNode("gradient of loss", v, l.scores.shape, inputs[0], output, grad), loss: l}
	n, err := p.apply(back, inputs[0], output, grad)
	return gorgonia.Nodes{n}, err
}

func (b *lossGrad) buffers() []*Buffer { return nil }

// Do computes the gradient.
func (b *lossGrad) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	l := b.loss
	n, classes := l.program.input.N, l.scores.shape[1]
	scale := float64(*inputs[2].(*gorgonia.F32)) / float64(n)
	for i := range n {
		label := int(l.program.input.Labels[i])
		for j := range classes {
			g := l.probs[i*classes+j]
			if j == label {
				g--
			}
			l.scores.grad[i*classes+j] = float32(g * scale)
		}
	}
	return b.out, nil
}
