package data

import (
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A form is a way in which the images of CIFAR-10 are kept in files. Whatever
// the form, the same records come out of it.
type form interface {
	// match tells from the path of a file, with slashes, whether it is of this
	// form, which part its images belong to, and the folder that the paths of
	// all files of the set have in common.
	match(file string) (p part, root string, ok bool)

	// read appends the records of a file to its part.
	read(c *content, p part, g *gathering) error

	// names lists the files of a whole set; nil if there may be any number.
	names() []string
}

// content is a file that is being read.
type content struct {
	io.Reader
	at   io.ReaderAt // the same, where it can be read out of order, else nil
	path string      // in its folder or archive, with slashes
	size int64
}

// all returns the whole file, if it has no more bytes than a limit.
func (c *content) all(limit int64) ([]byte, error) {
	if c.size > limit {
		return nil, errTooLong
	}
	b := make([]byte, c.size)
	if err := c.full(b); err != nil {
		return nil, err
	}
	return b, nil
}

// full fills b with what comes next of the file.
func (c *content) full(b []byte) error {
	n, err := io.ReadFull(c, b)
	if err == nil || errors.Is(err, io.EOF) && len(b) == 0 {
		return nil
	}
	return &stoppedError{int64(n), int64(len(b)), err}
}

// forms lists the forms that are read; where a folder holds several, the first
// file in the order of names decides.
var forms = []form{binaryForm{}, pythonForm{}, parquetForm{}, pngForm{}}

// formsRead names them for a message.
const formsRead = "the binary version (data_batch_1.bin ...), the Python version (data_batch_1 ...), " +
	"train-*.parquet and test-*.parquet, or train/CLASS/*.png and test/CLASS/*.png"

// trainBatches is the number of batches of training images.
const trainBatches = 5

// batchNames returns the names of the six batches, the test batch last.
func batchNames(extension string) []string {
	var names []string
	for i := range trainBatches {
		names = append(names, "data_batch_"+string(rune('1'+i))+extension)
	}
	return append(names, "test_batch"+extension)
}

// matchBatch is match for a form of six batches.
func matchBatch(file string, names []string) (p part, root string, ok bool) {
	dir, base := path.Split(file)
	switch i := slices.Index(names, base); {
	case i < 0:
		return 0, "", false
	case i == trainBatches:
		return testPart, path.Clean(dir), true
	}
	return trainPart, path.Clean(dir), true
}

// matchParts is match for forms that tell the part by a name. macOS puts beside
// DIR/NAME, in archives and on foreign disks, a DIR/._NAME of what it knows about it.
func matchParts(file string, pattern *regexp.Regexp) (p part, root string, ok bool) {
	m := pattern.FindStringSubmatch(file)
	if m == nil || strings.HasPrefix(path.Base(file), ".") {
		return 0, "", false
	}
	if m[2] == "test" {
		p = testPart
	}
	return p, path.Clean(m[1]), true
}
