package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// heNormal draws everything by fan-in.
var heNormal = Initialisation{FanIn: true, LastStd: math.Sqrt(2.0 / 64)}

// reference is the networks once more, in float64 and in the plainest way:
// what the fused graph is compared with.
type reference struct {
	net         network.Network
	tensors     map[string][]float64
	conventions ops.Conventions
	responses   []Response // of the last forward pass
}

func newReference(net network.Network, tensors []Tensor) *reference {
	r := &reference{net, map[string][]float64{}, ops.CommonConventions(), nil}
	for _, t := range tensors {
		data := make([]float64, len(t.Data))
		for i, x := range t.Data {
			data[i] = float64(x)
		}
		r.tensors[t.Name] = data
	}
	return r
}

// maps are activations, (N, C, S, S).
type maps struct {
	n, c, size int
	data       []float64
}

func newMaps(n, c, size int) *maps { return &maps{n, c, size, make([]float64, n*c*size*size)} }

func (m *maps) at(n, c, i, j int) *float64 { return &m.data[((n*m.c+c)*m.size+i)*m.size+j] }

func (r *reference) conv(x *maps, l network.Layer) *maps {
	w := r.tensors[l.Name+".weight"]
	y := newMaps(x.n, l.Out, l.Size)
	for n := range x.n {
		for k := range l.Out {
			for c := range l.In {
				area := l.Kernel * l.Kernel
				for t, weight := range w[(k*l.In+c)*area:][:area] {
					left := t%l.Kernel - l.Kernel/2
					for i := range l.Size {
						a := i*l.Stride + t/l.Kernel - l.Kernel/2
						if a < 0 || a >= x.size {
							continue
						}
						src := x.data[((n*x.c+c)*x.size+a)*x.size:][:x.size]
						dst := y.data[((n*y.c+k)*y.size+i)*y.size:][:y.size]
						if l.Stride == 1 { // most of the work, so without a question for each pixel
							dst = dst[max(0, -left):min(len(dst), len(src)-left)]
							src = src[max(0, left):][:len(dst)]
							for j, v := range src {
								dst[j] += weight * v
							}
							continue
						}
						for j := range dst {
							if b := j*l.Stride + left; b >= 0 && b < len(src) {
								dst[j] += weight * src[b]
							}
						}
					}
				}
			}
		}
	}
	return y
}

func (r *reference) norm(x *maps, l network.Layer, training bool) {
	gamma, beta := r.tensors[l.Norm+".weight"], r.tensors[l.Norm+".bias"]
	mean, variance := r.tensors[l.Norm+".running_mean"], r.tensors[l.Norm+".running_var"]
	if part := r.conventions.NormBatch; training && part > 0 && part < x.n {
		for first := 0; first < x.n; first += part {
			r.norm(x.images(first, first+part), l, true)
		}
		return
	}
	for c := range x.c {
		m, v := mean[c], variance[c]
		if training {
			m, v = 0, 0
			count := float64(x.n * x.size * x.size)
			x.each(c, func(p *float64) { m += *p / count })
			x.each(c, func(p *float64) { v += (*p - m) * (*p - m) / count })
		}
		x.each(c, func(p *float64) { *p = (*p-m)/math.Sqrt(v+r.conventions.Epsilon)*gamma[c] + beta[c] })
	}
}

// images returns a range of the images, not copied.
func (m *maps) images(from, to int) *maps {
	each := m.c * m.size * m.size
	return &maps{to - from, m.c, m.size, m.data[from*each : to*each]}
}

func (m *maps) each(c int, f func(*float64)) {
	for n := range m.n {
		for p := range m.size * m.size {
			f(&m.data[(n*m.c+c)*m.size*m.size+p])
		}
	}
}

func (m *maps) relu() {
	for i, x := range m.data {
		m.data[i] = max(x, 0)
	}
}

// shortcut is option A, the new channels half before and half after the old, or
// all after.
func (m *maps) shortcut(y *maps, padEnd bool) {
	stride, skip := m.size/y.size, (y.c-m.c)/2
	if padEnd {
		skip = 0
	}
	for n := range m.n {
		for c := range m.c {
			for i := range y.size {
				for j := range y.size {
					*y.at(n, c+skip, i, j) += *m.at(n, c, i*stride, j*stride)
				}
			}
		}
	}
}

// respond notes the standard deviation of a 3x3 layer's output.
func (r *reference) respond(m *maps, l network.Layer) {
	mean, squares := 0.0, 0.0
	for _, v := range m.data {
		mean += v / float64(len(m.data))
	}
	for _, v := range m.data {
		squares += (v - mean) * (v - mean) / float64(len(m.data))
	}
	r.responses = append(r.responses, Response{l.Name, math.Sqrt(squares)})
}

// forward returns the mean loss and the number of errors.
func (r *reference) forward(b *Batch, training bool) (result Result) {
	r.responses = nil
	x := newMaps(b.N, Channels, ImageSize)
	for n := range b.N {
		img := b.Image(n)
		for c := range Channels {
			for i := range ImageSize {
				for j := range ImageSize {
					*x.at(n, c, i, j) = float64(img[((i+1)*PaddedSize+j+1)*Channels+c])
				}
			}
		}
	}
	x = r.conv(x, r.net.Stem())
	r.norm(x, r.net.Stem(), training)
	r.respond(x, r.net.Stem())
	x.relu()
	for _, block := range r.net.Blocks() {
		y := r.conv(x, block.Conv1)
		r.norm(y, block.Conv1, training)
		r.respond(y, block.Conv1)
		y.relu()
		y = r.conv(y, block.Conv2)
		r.norm(y, block.Conv2, training)
		r.respond(y, block.Conv2)
		if p := block.Projection; p != nil {
			s := r.conv(x, *p)
			r.norm(s, *p, training)
			for i, v := range s.data {
				y.data[i] += v
			}
		} else if r.net.Kind == network.Residual {
			x.shortcut(y, r.conventions.PadEnd)
		}
		y.relu()
		x = y
	}
	w, bias := r.tensors["linear.weight"], r.tensors["linear.bias"]
	for n := range b.N {
		scores := append([]float64{}, bias...)
		for c := range x.c {
			mean := 0.0
			for p := range x.size * x.size {
				mean += x.data[(n*x.c+c)*x.size*x.size+p] / float64(x.size*x.size)
			}
			for k := range scores {
				scores[k] += w[k*x.c+c] * mean
			}
		}
		label := int(b.Labels[n])
		best := 0
		for k, s := range scores {
			if s > scores[best] {
				best = k
			}
		}
		sum := 0.0 // no more than the classes, however far apart the scores are
		for _, s := range scores {
			sum += math.Exp(s - scores[best])
		}
		result.Loss += (math.Log(sum) + scores[best] - scores[label]) / float64(b.N)
		if best != label {
			result.Wrong++
		}
	}
	return result
}

// randomBatch returns images of normally distributed pixels.
func randomBatch(n int, seed uint64) *Batch {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := NewBatch(n)
	for i := range n {
		img := b.Image(i)
		for r := 1; r <= ImageSize; r++ {
			for c := 1; c <= ImageSize; c++ {
				for ch := range Channels {
					img[(r*PaddedSize+c)*Channels+ch] = float32(rng.NormFloat64())
				}
			}
		}
		b.Labels[i] = uint8(rng.IntN(Classes))
	}
	return b
}

// roughen moves all parameters from their initial values, so that scales,
// shifts and running statistics matter.
func roughen(t *testing.T, m *Model, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	tensors := m.Tensors()
	for _, tensor := range tensors {
		for i := range tensor.Data {
			tensor.Data[i] += float32(float32(float64(rng.Float64()*0.4)-0.15) * max(tensor.Data[i], 0.3)) // never fused
		}
	}
	if err := m.Load(tensors); err != nil {
		t.Fatal(err)
	}
}

// standard returns a network of section 4.2.
func standard(residual bool, depth int) network.Network {
	if residual {
		return network.Standard(network.Residual, (depth-2)/6)
	}
	return network.Standard(network.Plain, (depth-2)/6)
}

func mustModel(t testing.TB, residual bool, depth int, o Options) *Model {
	t.Helper()
	return mustNetwork(t, standard(residual, depth), o)
}

func mustNetwork(t testing.TB, net network.Network, o Options) *Model {
	t.Helper()
	m, err := New(net, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	m.Initialise(1, heNormal)
	return m
}
