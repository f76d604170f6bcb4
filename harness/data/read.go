package data

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"deepresidual/models"
	"deepresidual/results"
)

const (
	archiveName   = "cifar-10-binary.tar.gz"
	archiveFolder = "cifar-10-batches-bin" // inside the archive
)

// trainFiles and testFile are the batches of the "binary version" of CIFAR-10.
var trainFiles = [...]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}

const testFile = "test_batch.bin"

// format is a data set in CIFAR-10's six files.
type format struct {
	records     int // in each file
	train, test string
}

var cifar10 = format{records: 10000, train: TrainFingerprint, test: TestFingerprint}

func (f format) fileSize() int { return f.records * recordSize }

// read reads the data set from a folder or an archive.
func (f format) read(ctx context.Context, place string) (*Set, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !info.IsDir() {
		return f.readArchive(ctx, place)
	}
	if _, err := os.Stat(filepath.Join(place, trainFiles[0])); errors.Is(err, fs.ErrNotExist) {
		// A folder one level up is what the user may well have named.
		if inner := filepath.Join(place, archiveFolder); exists(inner) {
			return f.readFolder(ctx, inner)
		}
		if inner := filepath.Join(place, archiveName); exists(inner) {
			return f.readArchive(ctx, inner)
		}
	}
	return f.readFolder(ctx, place)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (f format) readFolder(ctx context.Context, dir string) (*Set, error) {
	p := f.newParts(func(name string) string { return filepath.Join(dir, name) })
	for i := range p.have {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("data: reading %s: %w", dir, context.Cause(ctx))
		}
		if err := p.readFile(i); err != nil {
			return nil, err
		}
	}
	return p.assemble(dir)
}

func (f format) readArchive(ctx context.Context, file string) (*Set, error) {
	fail := func(err error) (*Set, error) {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("data: reading %s: %w", file, err)
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer in.Close()
	unzipped, err := gzip.NewReader(&interruptible{ctx, in})
	if err != nil {
		return fail(fmt.Errorf("it is not a gzip archive: %w", err))
	}
	p := f.newParts(func(name string) string { return file + ": " + name })
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail(fmt.Errorf("the archive is damaged: %w", err))
		}
		i := p.index(path.Base(header.Name))
		if i < 0 || header.Typeflag != tar.TypeReg {
			continue
		}
		if p.have[i] {
			return fail(fmt.Errorf("it holds two files %s", p.name(i)))
		}
		if err := p.take(i, archive, header.Size); err != nil {
			if ctx.Err() != nil {
				return fail(err)
			}
			return nil, err
		}
	}
	// The checksum of the compressed data comes after the end of the archive.
	if _, err := io.Copy(io.Discard, unzipped); err != nil {
		return fail(fmt.Errorf("the archive is damaged: %w", err))
	}
	return p.assemble(file)
}

// interruptible is a reader that ends when its context does.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// parts gathers the six files in one stretch of memory, the test batch last.
type parts struct {
	format
	records []byte
	have    [len(trainFiles) + 1]bool
	path    func(name string) string // for messages, and to open it in a folder
}

func (f format) newParts(path func(string) string) *parts {
	p := &parts{format: f, path: path}
	p.records = make([]byte, len(p.have)*f.fileSize())
	return p
}

func (p *parts) name(i int) string {
	if i < len(trainFiles) {
		return trainFiles[i]
	}
	return testFile
}

func (p *parts) index(name string) int {
	for i := range p.have {
		if p.name(i) == name {
			return i
		}
	}
	return -1
}

func (p *parts) readFile(i int) error {
	in, err := os.Open(p.path(p.name(i)))
	if err != nil {
		return fmt.Errorf("data: the six batches of CIFAR-10 are needed: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return p.take(i, in, info.Size())
}

// take reads file i, which is said to hold size bytes, and checks its labels.
func (p *parts) take(i int, r io.Reader, size int64) error {
	name, want := p.path(p.name(i)), int64(p.fileSize())
	if size != want {
		what := "truncated"
		if size > want {
			what = "too long"
		}
		if size%(recordSize+1) == 0 && size > 0 {
			what = "in the format of CIFAR-100"
		}
		return fmt.Errorf("data: %s: %d bytes where %d records of %d bytes make %d: it is %s",
			name, size, p.format.records, recordSize, want, what)
	}
	into := p.records[i*p.fileSize() : (i+1)*p.fileSize()]
	if n, err := io.ReadFull(r, into); err != nil {
		return fmt.Errorf("data: %s: reading stopped after %d of %d bytes: %w", name, n, want, err)
	}
	for at := 0; at < len(into); at += recordSize {
		if into[at] >= models.Classes {
			return fmt.Errorf("data: %s: the label of record %d is %d, not 0 to %d: the file is corrupt or not a batch of CIFAR-10",
				name, at/recordSize, into[at], models.Classes-1)
		}
	}
	p.have[i] = true
	return nil
}

// assemble sorts and checks what was gathered from the given place.
func (p *parts) assemble(place string) (*Set, error) {
	var missing []string
	for i, have := range p.have {
		if !have {
			missing = append(missing, p.name(i))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("data: %s holds no %s", place, strings.Join(missing, ", "))
	}

	split := len(trainFiles) * p.fileSize()
	set := new(Set)
	var trainErr, testErr error
	var wait sync.WaitGroup
	wait.Go(func() { set.Test, testErr = p.check(p.records[split:], len(trainFiles), p.test) })
	set.Train, trainErr = p.check(p.records[:split:split], 0, p.train)
	wait.Wait()
	if trainErr != nil {
		return nil, trainErr
	}
	if testErr != nil {
		return nil, testErr
	}
	set.Fingerprint = results.Fingerprint{Train: p.train, Test: p.test}
	return set, nil
}

// check sorts records that begin with those of file first, and compares their
// fingerprint.
func (p *parts) check(records []byte, first int, want string) (Images, error) {
	images, equal := canonical(records)
	got := images.fingerprint()
	if got == want {
		return images, nil
	}
	last := first + len(records)/p.fileSize() - 1
	if equal != nil {
		a, b := equal.first, equal.second
		return Images{}, fmt.Errorf("data: %s: record %d is record %d of %s again, CIFAR-10 has no duplicates: a batch was copied twice, or corrupted",
			p.path(p.name(first+b/p.format.records)), b%p.format.records, a%p.format.records, p.name(first+a/p.format.records))
	}
	names := p.path(p.name(first))
	if last > first {
		names += " to " + p.name(last)
	}
	return Images{}, fmt.Errorf("data: %s: corrupt or not CIFAR-10: the SHA-256 of the sorted records is %.16s..., not %.16s...", names, got, want)
}
