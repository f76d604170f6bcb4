package weights

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"deepresidual/models"
)

// rename brings names to the common form and drops what nothing needs. beside is
// the number of tensors that it leaves out since they are not among the network's.
func rename(tensors []models.Tensor) (kept []models.Tensor, beside int, err error) {
	var original []string
	for _, t := range tensors {
		if isCounter(t.Name) || strings.HasPrefix(t.Name, Momentum) {
			continue
		}
		original = append(original, t.Name)
		// torch.compile puts it before whatever it compiled, a part or the whole.
		t.Name = strings.ReplaceAll(t.Name, "_orig_mod.", "")
		kept = append(kept, t)
	}
	if len(kept) == 0 {
		return nil, 0, errors.New("it holds no tensors of floating-point numbers")
	}
	prefix := wrapping(kept)
	from := make(map[string]string, len(kept))
	n := 0
	for i, t := range kept {
		name, inside := strings.CutPrefix(t.Name, prefix)
		if !inside {
			continue
		}
		if rest, ok := strings.CutPrefix(name, "fc."); ok {
			name = "linear." + rest
		}
		// What torchvision calls downsample, much code for CIFAR-10 calls shortcut.
		name = strings.Replace(name, ".shortcut.", ".downsample.", 1)
		if other, twice := from[name]; twice {
			return nil, 0, fmt.Errorf("it holds %.100q twice: as %.100q and as %.100q", name, other, original[i])
		}
		from[name] = original[i]
		t.Name = name
		kept[n] = t
		n++
	}
	return kept[:n], len(kept) - n, nil
}

// Momentum is before the names of the parameters' velocities in checkpoints of
// this program.
const Momentum = "momentum."

// outermost are the parts of a CIFAR-10 network as state dicts name them.
var outermost = map[string]bool{"conv1": true, "bn1": true, "layer1": true, "layer2": true, "layer3": true, "layer4": true, "linear": true, "fc": true}

// wrapping returns what wrappers put before the names of the network's parts:
// DataParallel module., Lightning the name of an attribute. Should there be
// several such prefixes, the network is what is under the most frequent one,
// and beside it lie losses and metrics. It is empty if that leads to no network.
func wrapping(tensors []models.Tensor) (prefix string) {
	for {
		count := map[string]int{}
		for _, t := range tensors {
			name, inside := strings.CutPrefix(t.Name, prefix)
			if !inside {
				continue
			}
			part, _, nested := strings.Cut(name, ".")
			if outermost[part] {
				return prefix
			}
			if nested {
				count[part]++
			}
		}
		wrapper, most, tie := "", 0, false
		for part, n := range count {
			switch {
			case n > most:
				wrapper, most, tie = part, n, false
			case n == most:
				tie = true
			}
		}
		if most == 0 || tie {
			return ""
		}
		prefix += wrapper + "."
	}
}

// isCounter reports whether a name is of a batch normalisation's counter.
func isCounter(name string) bool {
	return name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")
}

// CheckFinite returns an error that names the first tensor with a NaN, an infinity or a
// negative running variance, with which no network can compute; nil if there is none.
func CheckFinite(tensors []models.Tensor) error {
	for _, t := range tensors {
		variance := strings.HasSuffix(t.Name, "running_var")
		for _, v := range t.Data {
			switch {
			case v != v:
				return fmt.Errorf("tensor %.100q holds NaN", t.Name)
			case math.IsInf(float64(v), 0):
				return fmt.Errorf("tensor %.100q holds infinity", t.Name)
			case variance && v < 0:
				return fmt.Errorf("tensor %.100q holds the negative variance %g", t.Name, v)
			}
		}
	}
	return nil
}
