package data

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A tree is a folder or an archive that may hold a data set.
type tree interface {
	// each calls do for every regular file, and for what cannot be read, until it
	// returns an error. The file can be opened until do returns.
	each(ctx context.Context, do func(f *file) error) error

	// name returns the name of a file for messages.
	name(path string) string
}

// file is a file of a tree.
type file struct {
	path string // with slashes
	size int64
	open func() (io.ReadCloser, error)
	err  error // why it, or the folder that it is, cannot be read; nil if nothing is known against it
}

// folder is the files in a folder, and in what is under its train and test:
// no search through whatever else lies there.
type folder string

func (dir folder) name(file string) string {
	return filepath.Join(string(dir), filepath.FromSlash(file))
}

func (dir folder) each(ctx context.Context, do func(f *file) error) error {
	return dir.walk(ctx, ".", 0, do)
}

// walk visits the files in the folder at a path and, at depth 0, those that are
// up to two folders deep in train and test.
func (dir folder) walk(ctx context.Context, at string, depth int, do func(f *file) error) error {
	entries, err := os.ReadDir(dir.name(at))
	switch {
	case err != nil && depth == 0:
		return fmt.Errorf("data: %w", err)
	case err != nil:
		return do(&file{path: at, err: err})
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at := path.Join(at, e.Name())
		info, err := os.Stat(dir.name(at)) // of what a link leads to
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		switch {
		case err != nil:
			err = do(&file{path: at, err: err})
		case info.IsDir() && (depth == 1 || depth == 0 && (at == "train" || at == "test")):
			err = dir.walk(ctx, at, depth+1, do)
		case info.Mode().IsRegular():
			err = do(&file{path: at, size: info.Size(), open: func() (io.ReadCloser, error) { return os.Open(dir.name(at)) }})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tarArchive is a tar archive, compressed with gzip or not.
type tarArchive struct {
	archive    string
	compressed bool
}

func (t tarArchive) name(file string) string { return t.archive + ": " + path.Base(file) }

func (t tarArchive) each(ctx context.Context, do func(f *file) error) error {
	in, err := os.Open(t.archive)
	if err != nil {
		return err
	}
	defer in.Close()
	var unpacked io.Reader = &interruptible{ctx, in}
	if t.compressed {
		if unpacked, err = gzip.NewReader(unpacked); err != nil {
			return damaged(err)
		}
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return damaged(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		f := &file{path: path.Clean(header.Name), size: header.Size, open: func() (io.ReadCloser, error) { return io.NopCloser(files), nil }}
		if err := do(f); err != nil {
			return err
		}
	}
	// The checksum of the compressed data comes after the end of the archive.
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return damaged(err)
	}
	return nil
}

// zipArchive is a zip archive.
type zipArchive string

func (z zipArchive) name(file string) string { return string(z) + ": " + path.Base(file) }

func (z zipArchive) each(ctx context.Context, do func(f *file) error) error {
	archive, err := zip.OpenReader(string(z))
	if err != nil {
		return damaged(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !f.Mode().IsRegular() || f.UncompressedSize64 > maxFile {
			continue
		}
		if err := do(&file{path: path.Clean(f.Name), size: int64(f.UncompressedSize64), open: f.Open}); err != nil {
			return err
		}
	}
	return nil
}

// maxFile is above what any file of CIFAR-10 has: 170 MB.
const maxFile = 256 << 20

// damaged says that an archive is.
func damaged(err error) error { return fmt.Errorf("the archive is damaged: %w", err) }

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

// interruptibleAt is the same for a file that is read out of order.
type interruptibleAt struct {
	ctx context.Context
	r   io.ReaderAt
}

func (r *interruptibleAt) ReadAt(p []byte, offset int64) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.ReadAt(p, offset)
}
