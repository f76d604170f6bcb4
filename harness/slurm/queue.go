package slurm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Queued returns the runs of the submissions whose last job has not ended, each
// with the name of the submission, by the results folder alone. Which of them
// are being trained or done is for their leases and records to say.
func Queued(results string) (map[string]string, error) {
	dirs, err := open(results)
	if err != nil {
		return nil, err
	}
	queued := make(map[string]string)
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, jobsFile)); errors.Is(err, fs.ErrNotExist) {
			continue // nothing of it is submitted yet
		}
		f, err := os.Open(filepath.Join(dir, runsFile))
		if err != nil {
			return nil, fmt.Errorf("reading what is queued: %w", err)
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			identity, _, _ := strings.Cut(lines.Text(), " ")
			queued[identity] = filepath.Join(submissions, filepath.Base(dir))
		}
		f.Close()
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading what is queued: %w", err)
		}
	}
	return queued, nil
}

// open lists the folders of the submissions that have not ended.
func open(results string) ([]string, error) {
	parent := filepath.Join(results, submissions)
	entries, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing submissions: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if _, err := os.Stat(filepath.Join(dir, endedFile)); e.IsDir() && errors.Is(err, fs.ErrNotExist) {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// Settle asks Slurm after the submissions that have not ended, and marks those
// of which it knows no job any more: the last job was cancelled, too.
func Settle(ctx context.Context, results string) error {
	dirs, err := open(results)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, jobsFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing of it is submitted yet
		}
		if err != nil {
			return fmt.Errorf("reading the jobs of a submission: %w", err)
		}
		jobs := strings.Join(strings.Fields(string(b)), ",")
		out, err := output(exec.CommandContext(ctx, "squeue", "--noheader", "--format=%A", "--jobs="+jobs))
		if err != nil && !strings.Contains(err.Error(), "Invalid job id") {
			return fmt.Errorf("asking after the jobs of %s: %w", dir, err)
		}
		if strings.TrimSpace(out) == "" {
			if err := markEnded(dir); err != nil {
				return err
			}
		}
	}
	return nil
}
