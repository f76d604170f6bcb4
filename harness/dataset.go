package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"deepresidual/harness/data"
	"deepresidual/harness/text"
	"deepresidual/results"
)

// dataset is which data set.
type dataset struct{ path string }

func (d *dataset) declare(o *options) {
	o.text(&d.path, "data", "PATH", "CIFAR-10: a folder or archive (.tar.gz, .tar, .zip) of its binary or Python version, Hugging Face's parquet files or PNG files by class, the address (http or https) of an archive, or synthetic; default: $CIFAR10_DIR, the user's cache, where torchvision, Keras and Hugging Face keep it, or a download from $CIFAR10_URL or a mirror")
}

// load loads the data set that -data names, or finds it.
func (d *dataset) load(ctx context.Context, env *environment) (*data.Set, error) {
	var last time.Time
	o := env.data
	o.Path = d.path
	o.Progress = func(host string, done, total int64) {
		if done != total && time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		if total == 0 {
			env.say("downloading CIFAR-10 from %s: %d MiB", host, done>>20)
			return
		}
		env.say("downloading CIFAR-10 from %s: %d of %d MiB", host, done>>20, total>>20)
	}
	o.Note = func(note string) { env.say("%s", text.OneLine(errors.New(note))) }
	set, err := data.Load(ctx, o)
	if d.isPath() {
		err = wrongPath(err, d.path, func(m fs.FileMode) bool { return m.IsDir() || m.IsRegular() })
	}
	return set, err
}

// check reports a path of -data that leads to nothing, before there is use for
// what is there.
func (d *dataset) check(ctx context.Context, env *environment) error {
	if _, err := os.Stat(d.path); err == nil || !d.isPath() {
		return nil
	}
	_, err := d.load(ctx, env) // which says what is wrong
	return err
}

// isPath reports whether -data gives the path of a folder or file.
func (d *dataset) isPath() bool {
	return d.path != "" && !d.synthetic() && !data.IsAddress(d.path)
}

func (d *dataset) synthetic() bool { return d.path == data.SyntheticPath }

// fingerprint returns that of the data set. For CIFAR-10 it is known without
// the data: another set is not loaded.
func (d *dataset) fingerprint(ctx context.Context, env *environment) (results.Fingerprint, error) {
	if !d.synthetic() {
		want := env.data.Wanted()
		return results.Fingerprint{Train: want.Train, Test: want.Test}, nil
	}
	set, err := d.load(ctx, env)
	if err != nil {
		return results.Fingerprint{}, err
	}
	return set.Fingerprint, nil
}
