package weights

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"deepresidual/models"
)

// rename brings names to the common form and drops what nothing needs.
func rename(tensors []models.Tensor) ([]models.Tensor, error) {
	kept := make([]models.Tensor, 0, len(tensors))
	for _, t := range tensors {
		if !isCounter(t.Name) && !strings.HasPrefix(t.Name, Momentum) {
			kept = append(kept, t)
		}
	}
	if len(kept) == 0 {
		return nil, errors.New("it holds no tensors of floating-point numbers")
	}
	original := make([]string, len(kept))
	for i := range kept {
		original[i] = kept[i].Name
		// torch.compile puts it before whatever it compiled, a part or the whole.
		kept[i].Name = strings.ReplaceAll(kept[i].Name, "_orig_mod.", "")
	}
	kept, original = unwrap(kept, original)
	from := make(map[string]string, len(kept))
	for i, t := range kept {
		if rest, ok := strings.CutPrefix(t.Name, "fc."); ok {
			kept[i].Name = "linear." + rest
		}
		// What torchvision calls downsample, much code for CIFAR-10 calls shortcut.
		kept[i].Name = strings.Replace(kept[i].Name, ".shortcut.", ".downsample.", 1)
		name := kept[i].Name
		if other, twice := from[name]; twice {
			return nil, fmt.Errorf("it holds %.100q twice: as %.100q and as %.100q", name, other, original[i])
		}
		from[name] = original[i]
	}
	return kept, nil
}

// Momentum is before the names of the parameters' velocities in checkpoints of
// this program.
const Momentum = "momentum."

// outermost are the parts of a CIFAR-10 network as state dicts name them.
var outermost = map[string]bool{"conv1": true, "bn1": true, "layer1": true, "layer2": true, "layer3": true, "layer4": true, "linear": true, "fc": true}

// unwrap takes off what wrappers put before the names of the network's parts:
// DataParallel module., Lightning the name of an attribute. Should there be
// several such prefixes, the network is what is under the most frequent one,
// and beside it lie losses and metrics.
func unwrap(tensors []models.Tensor, original []string) ([]models.Tensor, []string) {
	for {
		count := map[string]int{}
		for _, t := range tensors {
			part, _, nested := strings.Cut(t.Name, ".")
			if outermost[part] {
				return tensors, original
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
			return tensors, original
		}
		n := 0
		for i, t := range tensors {
			if rest, ok := strings.CutPrefix(t.Name, wrapper+"."); ok {
				t.Name = rest
				tensors[n], original[n] = t, original[i]
				n++
			}
		}
		tensors, original = tensors[:n], original[:n]
	}
}

// isCounter reports whether a name is of a batch normalisation's counter.
func isCounter(name string) bool {
	return name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")
}

// CheckFinite reports what no network can compute with, and would evaluate to the
// error of chance.
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
