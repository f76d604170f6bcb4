// Package weights reads and writes the parameters of networks: PyTorch state
// dicts (.th, .pt, .pth, .ckpt), read only, and safetensors, the format in
// which trained networks are saved.
//
// The files may come from anywhere, so every count and offset in them is
// checked before it is used, nothing in them is executed, and a file that is
// damaged or hostile is an error, not a crash. What lies beside the weights in
// a checkpoint (optimisers, random states, objects of any class) is passed
// over. The package knows tensors and their names, not networks: whether the
// tensors fit is for models to say.
package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"deepresidual/harness/foreign"
	"deepresidual/harness/pickle"
	"deepresidual/models"
)

// maxBytes limits files and the tensors in them. The largest network of the
// paper takes 80 MB.
const maxBytes = 1 << 30

// File is what a file of weights holds.
type File struct {
	// Tensors are the weights in the order of the file, under the names of this
	// project and of most published CIFAR-10 networks: conv1.weight,
	// layer1.0.bn1.running_mean, linear.bias. All are finite numbers.
	Tensors []models.Tensor

	// Beside is the number of tensors that are left out since they are not under the
	// prefix of the others, which was taken off.
	Beside int

	// Metadata is that of a safetensors file; nil if there is none.
	Metadata map[string]string

	// Entry names the part of a checkpoint that the weights are from, such as
	// "state_dict", and Others those that hold as many tensors, such as averaged
	// weights. Both are empty if the file holds a state dict and nothing else.
	Entry  string
	Others []string
}

// Read reads the weights in a file; its content decides what kind of file it
// is. Names are brought to the common form: prefixes that wrappers put before
// them (module., _orig_mod., model.) are taken off, a last layer named fc is
// named linear, and what is not floating-point, such as the counters
// num_batches_tracked, is left out.
func Read(path string) (*File, error) {
	fail := func(err error) (*File, error) {
		return nil, fmt.Errorf("weights: reading %s: %w", path, err)
	}
	info, err := os.Stat(path) // before it is opened, which for a pipe would wait
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	switch {
	case info.IsDir():
		return fail(errors.New("it is a folder; name the file in it"))
	case !info.Mode().IsRegular():
		return fail(errors.New("it is not a regular file; save what it gives to one"))
	case info.Size() > maxBytes:
		return fail(fmt.Errorf("%d bytes are more than the %d a file of weights may have", info.Size(), int64(maxBytes)))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxBytes))
	if err != nil {
		return fail(err)
	}
	f, err := decode(content)
	if err != nil {
		return fail(err)
	}
	return f, nil
}

// decode reads the weights of a file's content.
func decode(content []byte) (*File, error) {
	f := new(File)
	var err error
	switch {
	case isSafetensors(content):
		f.Tensors, f.Metadata, err = ReadSafetensors(bytes.NewReader(content))
	case bytes.HasPrefix(content, []byte(zipMagic)):
		f, err = readZip(content)
	case len(content) > 0 && content[0] == pickle.Proto:
		f, err = readLegacy(content)
	default:
		err = recognise(content)
	}
	if err != nil {
		return nil, err
	}
	if f.Tensors, f.Beside, err = rename(f.Tensors); err != nil {
		return nil, err
	}
	if err := CheckFinite(f.Tensors); err != nil {
		return nil, fmt.Errorf("%w: the file is damaged, or of a training that diverged", err)
	}
	return f, nil
}

// recognise says what a file is that is not one of weights.
func recognise(content []byte) error {
	if err := foreign.Recognise(content[:min(len(content), 512)]); err != nil {
		return err
	}
	switch {
	case len(content) == 0:
		return errors.New("it is empty")
	case len(content) > 262 && string(content[257:262]) == "ustar":
		return errors.New("it is a tar archive: unpack it first (tar -xf)")
	}
	return errors.New("it is neither a PyTorch state dict nor safetensors")
}
