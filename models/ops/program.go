package ops

import "fmt"

// Program is the fused operations of a network's training step in the order in
// which they run, and their memory, planned in one piece. Its methods add
// operations, first to last; [Program.Backward] adds the backward pass,
// [Program.Plan] makes it ready. A step of [Program.Run] allocates nothing.
type Program struct {
	machine *Machine
	batch   int
	parts   int // of the batch, each normalised by itself
	input   input
	steps   []step
	floats  int
	mapped

	conventions Conventions
}

// step is an operation at work.
type step interface {
	run()
	buffers() []*buffer // the memory that run reads and writes
}

// forward is an operation of the forward pass.
type forward interface {
	step
	gradient() step // its backward pass
}

// NewProgram returns an empty program for batches of the given size.
func NewProgram(m *Machine, batch int, c Conventions) (*Program, error) {
	parts, err := c.parts(batch)
	if err != nil {
		return nil, err
	}
	return &Program{machine: m, batch: batch, conventions: c, parts: parts}, nil
}

// Backward adds the backward pass, which leaves the gradients of the loss in the
// parameters' Grad.
func (p *Program) Backward() {
	for i := len(p.steps) - 1; i >= 0; i-- {
		p.steps = append(p.steps, p.steps[i].(forward).gradient())
	}
}

// Plan allocates the memory of the program, which is complete.
func (p *Program) Plan() error {
	touched := make([][]*buffer, len(p.steps))
	for i, s := range p.steps {
		touched[i] = s.buffers()
	}
	release, floats, err := arena(touched)
	if err != nil {
		return err
	}
	p.release, p.floats = release, floats
	return nil
}

// Bytes returns the size of the planned memory.
func (p *Program) Bytes() int64 { return int64(p.floats) * 4 }

// Run executes the program on n images, which must be as many as it is for: (n, H+2,
// W+2, 3) with a border of zeros, and labels (n).
func (p *Program) Run(n int, images []float32, labels []uint8) error {
	if n != p.batch {
		return fmt.Errorf("training on a batch of %d images where %d are expected", n, p.batch)
	}
	p.input = input{n, images, labels}
	for _, s := range p.steps {
		s.run()
	}
	return nil
}
