package ops

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"deepresidual/models/kernels"
)

// TestKernelCalls writes which kernels a training step of resnet-20 at batch
// 128 calls, to the file named by KERNEL_CALLS: what models/kernels/gen/estimate
// reads. Each line has a part of the network, the pass, the kernel, its integer
// arguments (and lengths, see record), and how often it is called so.
func TestKernelCalls(t *testing.T) {
	path := os.Getenv("KERNEL_CALLS")
	if path == "" {
		t.Skip("KERNEL_CALLS does not name a file to write")
	}
	set, err := kernels.Select("")
	if err != nil {
		t.Fatal(err)
	}
	var calls callCounts
	n := newBench20(t, calls.record(*set), 128)
	calls.during("weight preparation", "forward", n.prepare)
	for _, s := range n.program.steps {
		name, backward, _ := kind(s)
		pass := "forward"
		if backward {
			pass = "backward"
		}
		calls.during(name, pass, s.run)
	}
	calls.during("update", "backward", n.update)
	if len(calls.lines) < 100 {
		t.Errorf("only %d kinds of calls", len(calls.lines))
	}
	if err := os.WriteFile(path, calls.text(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// callCounts counts calls of kernels.
type callCounts struct {
	sync.Mutex
	part  string // of the network, and the pass; calls outside of one are not counted
	order []string
	lines map[string]int
}

func (c *callCounts) during(part, pass string, run func()) {
	c.part = part + "\t" + pass
	run()
	c.part = ""
}

// record is a set that counts its calls. Of the slices, those of integers are
// noted by their length, and the first where there are no integers.
func (c *callCounts) record(set kernels.Set) *kernels.Set {
	c.lines = map[string]int{}
	fields := reflect.ValueOf(&set).Elem()
	for i := range fields.NumField() {
		field, name := fields.Field(i), fields.Type().Field(i).Name
		if field.Kind() != reflect.Func || field.Type().NumIn() == 0 {
			continue
		}
		kernel := reflect.ValueOf(field.Interface())
		field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
			var numbers []string
			for _, a := range args {
				switch a.Type() {
				case reflect.TypeFor[int]():
					numbers = append(numbers, fmt.Sprint(a.Int()))
				case reflect.TypeFor[[]int]():
					numbers = append(numbers, fmt.Sprint(a.Len()))
				}
			}
			if numbers == nil {
				numbers = []string{fmt.Sprint(args[0].Len())}
			}
			c.count(name + "\t" + strings.Join(numbers, " "))
			return kernel.Call(args)
		}))
	}
	return &set
}

func (c *callCounts) count(call string) {
	c.Lock()
	defer c.Unlock()
	if c.part == "" {
		return
	}
	line := c.part + "\t" + call
	if c.lines[line] == 0 {
		c.order = append(c.order, line)
	}
	c.lines[line]++
}

func (c *callCounts) text() []byte {
	var text bytes.Buffer
	slices.Sort(c.order) // threads call in any order
	for _, line := range c.order {
		fmt.Fprintf(&text, "%s\t%d\n", line, c.lines[line])
	}
	return text.Bytes()
}
