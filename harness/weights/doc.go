// Package weights reads and writes the parameters of networks: PyTorch state
// dicts (.th, .pt, .pth), read only, and safetensors, the format in which
// trained networks are saved.
//
// The files may come from anywhere, so every count and offset in them is
// checked before it is used, nothing in them is executed, and a file that is
// damaged or hostile is an error, not a crash. The package knows tensors and
// their names, not networks: whether the tensors fit is for models to say.
package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"deepresidual/harness/pickle"
	"deepresidual/models"
)

// Read reads the tensors of a file, a PyTorch state dict or safetensors; the
// content decides which. Names come back in the form of this project and of
// most published CIFAR-10 networks (conv1.weight, layer1.0.bn1.running_mean,
// linear.bias): the "module." that torch.nn.DataParallel puts before them is
// taken off, a last layer named fc is named linear, and the counters
// num_batches_tracked, which nothing needs, are left out.
func Read(path string) ([]models.Tensor, error) {
	fail := func(err error) ([]models.Tensor, error) {
		return nil, fmt.Errorf("weights: reading %s: %w", path, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if info.Size() > maxBytes {
		return fail(fmt.Errorf("%d bytes are more than the %d a file of weights may have", info.Size(), int64(maxBytes)))
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return fail(err)
	}
	tensors, err := decode(content)
	if err != nil {
		return fail(err)
	}
	return tensors, nil
}

// maxBytes limits files and the tensors in them. The largest network of the
// paper takes 80 MB.
const maxBytes = 1 << 30

// decode reads the tensors of a file's content.
func decode(content []byte) ([]models.Tensor, error) {
	var tensors []models.Tensor
	var err error
	switch {
	case isSafetensors(content):
		tensors, _, err = ReadSafetensors(bytes.NewReader(content))
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		tensors, err = readZip(content)
	case len(content) > 0 && content[0] == pickle.Proto:
		tensors, err = readLegacy(content)
	default:
		err = errors.New("it is neither a PyTorch state dict nor safetensors")
	}
	if err != nil {
		return nil, err
	}
	return rename(tensors)
}

// rename brings names to the common form and drops what nothing needs.
func rename(tensors []models.Tensor) ([]models.Tensor, error) {
	kept := tensors[:0]
	from := make(map[string]string, len(tensors))
	for _, t := range tensors {
		if isCounter(t.Name) {
			continue
		}
		name := strings.TrimPrefix(t.Name, "module.")
		if rest, ok := strings.CutPrefix(name, "fc."); ok {
			name = "linear." + rest
		}
		if other, twice := from[name]; twice {
			return nil, fmt.Errorf("it holds %s twice: as %s and as %s", name, other, t.Name)
		}
		from[name] = t.Name
		t.Name = name
		kept = append(kept, t)
	}
	if len(kept) == 0 {
		return nil, errors.New("it holds no tensors")
	}
	return kept, nil
}

// isCounter reports whether a name is of a batch normalisation's counter.
func isCounter(name string) bool {
	return name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")
}
