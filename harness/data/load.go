package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SyntheticPath is the path that stands for the generated data set.
const SyntheticPath = "synthetic"

// EnvironmentVariable names the folder or archive of CIFAR-10 when no path is
// given.
const EnvironmentVariable = "CIFAR10_DIR"

// Options says where the data set is.
type Options struct {
	// Path is a folder or an archive (.tar.gz, .tar, .zip) with CIFAR-10 in
	// one of its forms (binary version, Python version, PNG files by class),
	// or "synthetic". When it is empty the environment variable CIFAR10_DIR
	// says so; when that is empty too the cache is looked in, and then the
	// archive is downloaded to it.
	Path string

	// CacheDir is the folder for the downloaded archive. The default value is
	// "deepresidual" in the user's cache.
	CacheDir string

	// URL is where to download the archive from; whatever it serves must be
	// the official archive. The default value is its home at the University
	// of Toronto.
	URL string

	// Progress, when set, is called as the download goes on, with the number
	// of bytes there are and that there will be.
	Progress func(done, total int64)
}

// ErrUnavailable is returned by [Load], wrapped in a message that says how to
// supply the data set, when it is in none of the places and cannot be
// downloaded.
var ErrUnavailable = errors.New("CIFAR-10 is not available")

// Load returns the data set, checked against CIFAR-10's fingerprints. A data
// set that is found but is truncated, corrupt or another one is an error that
// names the file and what is wrong with it; the places after it are not tried.
func Load(ctx context.Context, o Options) (*Set, error) {
	if o.Path == SyntheticPath {
		return Synthetic(syntheticSeed, syntheticTrain, syntheticTest), nil
	}
	if o.Path != "" {
		return CIFAR10().read(ctx, o.Path)
	}
	if path := os.Getenv(EnvironmentVariable); path != "" {
		set, err := CIFAR10().read(ctx, path)
		if err != nil {
			return nil, fmt.Errorf("%w (the path is from %s)", err, EnvironmentVariable)
		}
		return set, nil
	}

	dir := o.CacheDir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, unavailable("there is no folder to download it to", err)
		}
		dir = filepath.Join(cache, "deepresidual")
	}
	path := filepath.Join(dir, binaryArchive)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		source := official
		if o.URL != "" {
			source.url = o.URL
		}
		if err := source.fetch(ctx, path, o.Progress); err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("data: downloading %s: %w", source.url, context.Cause(ctx))
			}
			return nil, unavailable("there is none in "+dir+" and it could not be downloaded", err)
		}
	}
	set, err := CIFAR10().read(ctx, path)
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w; remove the file to have it downloaded again", err)
	}
	return set, err
}

// unavailable says what was tried and what the user can do.
func unavailable(what string, err error) error {
	return fmt.Errorf("data: %w: no -data is given, %s is not set, %s: %w; "+
		"give the folder of its .bin files or its %s by -data or %s, or try -data %s",
		ErrUnavailable, EnvironmentVariable, what, err, binaryArchive, EnvironmentVariable, SyntheticPath)
}
