package weights

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"deepresidual/models"
)

// maxNesting is how deep in a checkpoint a state dict is looked for.
const maxNesting = 4

// stateDict finds the state dict in an unpickled value: the dict with the most
// tensors, whatever its name and whatever is beside it. Of several that have as
// many, as of weights and their average, one under a usual name is taken, or
// else the first. fetch reads the elements of a storage.
func stateDict(value any, fetch func(*storage) error) (*File, error) {
	if class, ok := value.(*object); ok && class.entries == nil && class.class != "collections.OrderedDict" {
		return nil, fmt.Errorf("it holds a whole model or another object, %.100q, which only its own Python code can use; save its state dict: torch.save(model.state_dict(), path)", class.class)
	}
	top, ok := items(value)
	if !ok {
		return nil, fmt.Errorf("it holds %s, not a state dict as torch.save(model.state_dict(), path) writes it", describe(value))
	}
	var found []candidate
	look("", value, 0, map[any]bool{}, &found)
	most := 0
	for _, c := range found {
		most = max(most, c.tensors)
	}
	if most == 0 {
		var keys []string
		for _, e := range top {
			keys = append(keys, label(e.Key)+" is "+describe(e.Value))
			if len(keys) == 10 {
				break
			}
		}
		if len(keys) == 0 {
			return nil, errors.New("it holds an empty dict")
		}
		return nil, fmt.Errorf("none of its entries is a state dict: %.300s", strings.Join(keys, ", "))
	}
	file := new(File)
	var chosen candidate
	for _, c := range found {
		switch {
		case c.tensors < most:
		case chosen.entries == nil:
			chosen = c
		case usual(c.name) && !usual(chosen.name):
			file.Others = append(file.Others, chosen.name)
			chosen = c
		default:
			file.Others = append(file.Others, c.name)
		}
	}
	file.Entry = chosen.name
	var err error
	file.Tensors, err = convert(chosen.entries, fetch)
	return file, err
}

// usual reports whether training programs keep the weights, not an average of
// them, under a name.
func usual(name string) bool {
	switch name {
	case "state_dict", "model_state_dict", "model_state", "model", "net", "params", "weights":
		return true
	}
	return false
}

// candidate is a dict that may be the state dict.
type candidate struct {
	name    string // the keys that lead to it, with dots between
	entries []types.DictEntry
	tensors int // of floating-point numbers
}

// look appends the dicts in value, itself the first, that hold tensors.
func look(name string, value any, depth int, seen map[any]bool, found *[]candidate) {
	entries, ok := items(value)
	if !ok || depth > maxNesting || seen[value] {
		return
	}
	seen[value] = true
	c := candidate{name: name, entries: entries}
	for _, e := range entries {
		_, isName := nameOf(e.Key)
		if t, ok := e.Value.(*tensor); ok && isName && t.storage.kind != "" {
			c.tensors++
		}
	}
	if c.tensors > 0 {
		*found = append(*found, c)
	}
	for _, e := range entries {
		inner, _ := nameOf(e.Key)
		if name != "" {
			inner = name + "." + inner
		}
		look(inner, e.Value, depth+1, seen, found)
	}
}

// maxName is above the bytes of any name; what has more is none. A pickle can say
// a long one any number of times, and each would be copied; and a name of as many
// parts as a file has bytes would be looked into part by part.
const maxName = 256

// nameOf returns the key of a dict if it may be a name.
func nameOf(key any) (string, bool) {
	name, ok := key.(string)
	if !ok || len(name) > maxName {
		return "", false
	}
	return name, true
}

// items returns the entries of a dict in their order.
func items(value any) ([]types.DictEntry, bool) {
	switch d := value.(type) {
	case *types.Dict:
		return *d, true
	case *object:
		return d.entries, d.entries != nil || d.class == "collections.OrderedDict"
	}
	return nil, false
}

// lookUp returns the value of a key in a dict.
func lookUp(dict any, key string) (any, bool) {
	entries, _ := items(dict)
	for _, e := range entries {
		if name, ok := e.Key.(string); ok && name == key {
			return e.Value, true
		}
	}
	return nil, false
}

// convert returns the floating-point tensors among the entries of a state dict.
func convert(entries []types.DictEntry, fetch func(*storage) error) ([]models.Tensor, error) {
	var tensors []models.Tensor
	room := int64(maxBytes)
	for _, e := range entries {
		name, isName := nameOf(e.Key)
		t, isTensor := e.Value.(*tensor)
		if !isName || !isTensor || t.storage.kind == "" || isCounter(name) {
			continue
		}
		if err := fetch(t.storage); err != nil {
			return nil, fmt.Errorf("tensor %.100q: %w", name, err)
		}
		data, err := t.floats(room)
		if err != nil {
			return nil, fmt.Errorf("tensor %.100q: %w", name, err)
		}
		room -= 4 * int64(len(data))
		tensors = append(tensors, models.Tensor{Name: name, Shape: t.shape, Data: data})
	}
	return tensors, nil
}
