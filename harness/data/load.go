package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SyntheticPath is the path that stands for the generated data set.
const SyntheticPath = "synthetic"

// EnvironmentVariable names the folder, archive or address of CIFAR-10 when no path is
// given; URLVariable the addresses to download it from, separated by spaces or commas.
const (
	EnvironmentVariable = "CIFAR10_DIR"
	URLVariable         = "CIFAR10_URL"
)

// Options says where the data set is.
type Options struct {
	// Path is a folder or an archive (.tar.gz, .tar, .zip) with CIFAR-10 in one of its
	// forms (binary version, Python version, Hugging Face's parquet files, PNG files by
	// class), an http or https address of such an archive, or "synthetic".
	//
	// When it is empty the environment variable CIFAR10_DIR says so; when that
	// is empty too the cache is looked in, then where torchvision, Keras
	// and Hugging Face keep the data set, and then it is downloaded to the cache.
	Path string

	// CacheDir is the folder for a downloaded archive. The default value is
	// "deepresidual" in the user's cache.
	CacheDir string

	// Sources are the addresses to download from, tried in turn. The default
	// value is what the environment variable CIFAR10_URL lists, else mirrors
	// of the authors' archives. Whatever they serve must be CIFAR-10.
	Sources []string

	// Contents is what the data set must hold; CIFAR-10 if nil.
	Contents *Contents

	// Patience says how long to wait for a source.
	Patience Patience

	// Progress, when set, is called as a download goes on, with the source's
	// host and the number of bytes that there are and that there will be, 0 if
	// that is not known.
	Progress func(host string, done, total int64)

	// Note, when set, is called with what the user may want to know: where the
	// data set was found, which source was given up and why.
	Note func(text string)
}

// ErrUnavailable is returned by [Load], wrapped in a message that says what was tried
// and how to supply the data set, when it is in none of the places and no source of a
// download has it, or there is no folder to download to that may be written.
var ErrUnavailable = errors.New("CIFAR-10 is not available")

// Wanted returns what the data set must hold.
func (o Options) Wanted() Contents {
	if o.Contents != nil {
		return *o.Contents
	}
	return CIFAR10()
}

// Load returns the data set, checked against its fingerprints. A data set that
// was named, or is in the cache, but is truncated, corrupt or another one is an
// error that names the file and what is wrong with it; the places after it are
// not tried.
func Load(ctx context.Context, o Options) (*Set, error) {
	want := o.Wanted()
	place, from, by := o.Path, "", "-data"
	if place == "" {
		if place = os.Getenv(EnvironmentVariable); place != "" {
			from, by = " (the path is from "+EnvironmentVariable+")", EnvironmentVariable
		}
	}
	switch {
	case o.Path == SyntheticPath:
		return Synthetic(syntheticSeed, syntheticTrain, syntheticTest), nil
	case IsAddress(place):
		o.Sources = []string{place}
		return o.find(ctx, want, by)
	case place != "":
		set, err := want.read(ctx, place)
		if err != nil {
			return nil, fmt.Errorf("%w%s", err, from)
		}
		return set, nil
	}
	return o.find(ctx, want, "")
}

// find returns the data set from the cache, from elsewhere on this machine unless
// an address is named, or by a download. by is what names the address, if
// anything does.
func (o Options) find(ctx context.Context, want Contents, by string) (*Set, error) {
	list, err := sources(o.Sources)
	if err != nil {
		return nil, err
	}
	d := &download{Contents: want, Patience: o.Patience.orUsual(), dir: o.CacheDir, by: by, progress: o.Progress, note: o.Note}
	if d.progress == nil {
		d.progress = func(string, int64, int64) {}
	}
	if d.note == nil {
		d.note = func(string) {}
	}
	cache, noCache := os.UserCacheDir()
	if d.dir == "" && noCache == nil {
		d.dir = filepath.Join(cache, "deepresidual")
	}
	if d.dir != "" {
		if path := d.have(); path != "" {
			set, err := want.read(ctx, path)
			if err != nil && ctx.Err() == nil {
				return nil, fmt.Errorf("%w; remove the file to have it downloaded again", err)
			}
			return set, err
		}
	}
	if by == "" {
		for _, place := range places() {
			set, err := want.read(ctx, place)
			if err == nil {
				d.note("CIFAR-10 was found in " + place)
				return set, nil
			}
			if ctx.Err() != nil {
				return nil, err
			}
			d.note(fmt.Sprintf("what was found in %s is left alone: %v", place, err))
		}
	}
	if d.dir == "" {
		return nil, d.unavailable("there is no folder to download it to", noCache)
	}
	set, err := d.from(ctx, list)
	if _, nowhere := errors.AsType[*unreachable](err); nowhere {
		return nil, d.unavailable("there is none in "+d.dir+", and it could not be downloaded", err)
	}
	return set, err
}

// unavailable says what was tried and what the user can do.
func (d *download) unavailable(what string, err error) error {
	if d.by != "" {
		return fmt.Errorf("data: %w from the address that %s names: %s: %w; "+
			"name another, or bring its folder or archive (%s) along and name that, or try -data %s",
			ErrUnavailable, d.by, what, err, pythonArchive, SyntheticPath)
	}
	return fmt.Errorf("data: %w: none is named by -data or %s, %s: %w; "+
		"bring its folder or archive (%s) along and name it by -data or %s, or an address that has it by -data or %s, or try -data %s",
		ErrUnavailable, EnvironmentVariable, what, err, pythonArchive, EnvironmentVariable, URLVariable, SyntheticPath)
}
