package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"deepresidual/harness/publish"
	"deepresidual/harness/train"
	"deepresidual/reports"
	"deepresidual/results/atomicfile"
)

// The options of modes that train, draw, or have it done.

func declareCheckpoint(o *options, to *time.Duration) {
	*to = train.DefaultCheckpointEvery
	o.add("checkpoint", "D", "time between checkpoints (default 1m; longer where that would take more than 2 % of the time; below 0, one after every iteration)", func(s string) (err error) {
		if *to, err = time.ParseDuration(s); err != nil || *to == 0 {
			err = usagef("-checkpoint %s: want a time with its unit, such as 90s, 5m, or -1s for one after every iteration", s)
		}
		return err
	})
}

func declareCheck(o *options, to *bool) {
	o.on(to, "check", "exit with 0 only if every claim of the paper was reproduced on the whole schedule")
}

func declareTensorBoard(o *options, to *string) {
	o.text(to, "tensorboard", "DIR", "write the curves as TensorBoard event files, too")
}

// checkWritable sees whether files can be written to the folder of an option, if it
// is named: rather now than after a download or the first run. A folder that is
// not there is not made, in case there will be nothing to write.
func checkWritable(option, dir string) error {
	if dir == "" {
		return nil
	}
	for {
		_, err := os.Stat(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	f, err := atomicfile.Create(dir, "writable")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return unwritable(option, err)
	}
	return nil
}

// unwritable says why nothing can be written to the folder of an option. That
// its disk is full is no fault of the command line.
func unwritable(option string, err error) error {
	if atomicfile.Full(err) {
		return fmt.Errorf("%s: %w; free some space there, or name another folder", option, err)
	}
	return usagef("%s: %v; name another folder, or make this one writable", option, err)
}

// checked is the error of a command that has drawn, with -check or without.
func checked(check bool, drawn publish.Drawn, err error) error {
	if err == nil && check {
		return reports.Check(drawn.Verdicts)
	}
	return err
}
