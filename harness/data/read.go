package data

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The archives of CIFAR-10 at its home, and the folders in them.
const (
	binaryArchive = "cifar-10-binary.tar.gz"
	binaryFolder  = "cifar-10-batches-bin"
	pythonArchive = "cifar-10-python.tar.gz"
	pythonFolder  = "cifar-10-batches-py"
)

// inner lists what in a folder may hold the data set when the folder itself
// does not: one level up is what a user may well have named.
var inner = []string{
	binaryFolder, pythonFolder, // as unpacked
	"plain_text", "data", // of Hugging Face's repositories
	binaryArchive, pythonArchive,
	"cifar-10-binary.tar", "cifar-10-python.tar", "cifar-10-binary.zip", "cifar-10-python.zip",
}

// nothingError says that a folder or archive holds no file of any form.
type nothingError struct {
	place   string
	foreign error // what it seems to hold instead, or what of it cannot be read, or nil
}

func (e *nothingError) Error() string {
	if e.foreign != nil {
		return fmt.Sprintf("data: %s: %v", e.place, e.foreign)
	}
	return fmt.Sprintf("data: %s holds nothing of CIFAR-10 in a form that is read: %s", e.place, formsRead)
}

// read reads the data set from a folder or an archive.
func (c Contents) read(ctx context.Context, place string) (*Set, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("data: %w; name a folder or an archive of CIFAR-10 with -data or $CIFAR10_DIR, or neither to have it found or downloaded", err)
	}
	if !info.IsDir() {
		return c.readFile(ctx, place)
	}
	set, err := c.readTree(ctx, place, folder(place))
	if _, nothing := errors.AsType[*nothingError](err); !nothing {
		return set, err
	}
	for _, name := range inner {
		within := filepath.Join(place, name)
		info, err := os.Stat(within)
		switch {
		case err != nil:
			continue
		case info.IsDir():
			set, err = c.readTree(ctx, within, folder(within))
		default:
			set, err = c.readFile(ctx, within)
		}
		if _, nothing := errors.AsType[*nothingError](err); !nothing {
			return set, err
		}
	}
	return nil, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readFile reads the data set from an archive, which its content tells.
func (c Contents) readFile(ctx context.Context, place string) (*Set, error) {
	head, err := readHead(place)
	if err != nil {
		return nil, err
	}
	switch archiveOf(head) {
	case gzippedTar:
		return c.readTree(ctx, place, tarArchive{place, true})
	case plainTar:
		return c.readTree(ctx, place, tarArchive{place, false})
	case zipFile:
		return c.readTree(ctx, place, zipArchive(place))
	}
	err = foreignHead(head)
	if err == nil {
		err = foreignName(filepath.ToSlash(place))
	}
	if err == nil {
		err = errNoArchive
		for _, form := range forms {
			if _, _, ok := form.match(filepath.Base(place)); ok {
				err = errors.New("it is one file of several: name its folder")
			}
		}
	}
	return nil, fmt.Errorf("data: %s: %w", place, err)
}

// archive is a kind of archive that a data set is read from.
type archive int

const (
	noArchive archive = iota
	gzippedTar
	plainTar
	zipFile
)

var errNoArchive = errors.New("it is not an archive (.tar.gz, .tar, .zip)")

// archiveOf tells the kind of an archive by its first bytes, headSize of them.
func archiveOf(head []byte) archive {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzippedTar
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return plainTar
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipFile
	}
	return noArchive
}

// readHead returns the first bytes of a file.
func readHead(place string) ([]byte, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("data: %s: it is neither a folder nor a file", place)
	}
	in, err := os.Open(place)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer in.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("data: %s: it is empty", place)
	case err != nil && err != io.ErrUnexpectedEOF:
		return nil, fmt.Errorf("data: %w", err)
	}
	return head[:n], nil
}

// readTree reads the data set from the files of a tree. The first file of a
// form decides which form, and in which folder of the tree.
func (c Contents) readTree(ctx context.Context, place string, t tree) (*Set, error) {
	r := &treeReader{tree: t, gathering: newGathering(c), seen: map[string]bool{}}
	err := t.each(ctx, func(f *file) error { return r.read(ctx, f) })
	if err == nil {
		err = r.complete(place)
	}
	var told *toldError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("data: reading %s: %w", place, context.Cause(ctx))
	case errors.As(err, &told):
		return nil, told.error
	case err != nil:
		return nil, fmt.Errorf("data: reading %s: %w", place, err)
	}
	set, err := r.set()
	if err != nil {
		return nil, err
	}
	if set.Place, err = filepath.Abs(place); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return set, nil
}

// treeReader reads the files of a tree as they come.
type treeReader struct {
	tree tree
	*gathering
	form    form // nil before the first file of one
	root    string
	seen    map[string]bool
	foreign error // what the tree seems to hold if it holds no form
	unread  error // why something that is not known to be of the data set cannot be read
}

// toldError is an error that names its file.
type toldError struct{ error }

func (e *toldError) Unwrap() error { return e.error }

func (r *treeReader) read(ctx context.Context, f *file) error {
	p, ok := r.match(f.path)
	if !ok && f.err != nil {
		r.unread = cmp.Or(r.unread, f.err)
		return nil
	}
	if !ok {
		if r.foreign == nil {
			r.foreign = foreignName(f.path)
			if r.foreign == nil {
				r.foreign = foreignName(filepath.ToSlash(r.tree.name(f.path)))
			}
		}
		return nil
	}
	if r.seen[f.path] {
		return fmt.Errorf("it holds two files %s", path.Base(f.path))
	}
	r.seen[f.path] = true
	if err := r.take(ctx, f, p); err != nil {
		return &toldError{fmt.Errorf("data: %s: %w", r.tree.name(f.path), err)}
	}
	return nil
}

// match tells whether a file belongs to the data set, and to which part.
func (r *treeReader) match(file string) (part, bool) {
	if r.form != nil {
		p, root, ok := r.form.match(file)
		return p, ok && root == r.root
	}
	for _, form := range forms {
		if p, root, ok := form.match(file); ok {
			r.form, r.root = form, root
			return p, true
		}
	}
	return 0, false
}

// take appends the records of a file.
func (r *treeReader) take(ctx context.Context, f *file, p part) error {
	if f.err != nil {
		return f.err
	}
	in, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	buffered := bufio.NewReaderSize(&interruptible{ctx, in}, 64<<10)
	// An error of reading comes again with the rest.
	head, _ := buffered.Peek(min(headSize, int(f.size)))
	if err := foreignHead(head); err != nil {
		return err
	}
	r.begin(p, r.tree.name(f.path), path.Base(f.path))
	var at io.ReaderAt
	if in, ok := in.(io.ReaderAt); ok {
		at = &interruptibleAt{ctx, in}
	}
	if err := r.form.read(&content{buffered, at, f.path, f.size}, p, r.gathering); err != nil {
		return err
	}
	return r.checkLabels(p)
}

// complete says what is missing.
func (r *treeReader) complete(place string) error {
	if r.form == nil {
		return &toldError{&nothingError{place, cmp.Or(r.foreign, r.unread)}}
	}
	var missing []string
	for _, name := range r.form.names() {
		if !r.seen[path.Join(r.root, name)] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &toldError{fmt.Errorf("data: %s holds no %s", place, strings.Join(missing, ", "))}
	}
	err := r.missing()
	if err != nil && r.unread != nil {
		return fmt.Errorf("%w; %w", err, r.unread)
	}
	return err
}
