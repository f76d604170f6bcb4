package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"deepresidual/harness/process"
	"deepresidual/results/atomicfile"
)

// Names in the folder of a submission; see the package comment.
const (
	submissions = "slurm"
	runsFile    = "runs"
	jobsFile    = "jobs"
	clusterFile = "cluster"
	goneFile    = "gone"
	endedFile   = "ended"
	programFile = "harness"
	noteFile    = programFile + process.NoteExtension
)

// Print writes the scripts, and submits nothing.
func (s *Submission) Print(w io.Writer) error {
	scripts, err := s.scripts(usualArray)
	if err != nil {
		return err
	}
	last, err := s.report()
	if err != nil {
		return err
	}
	for i, f := range append(scripts, last) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "==> %s.sbatch <==\n%s", f.Name, f.Text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "\n==> %s <==\n%s", runsFile, s.list())
	return err
}

// Submit makes the folder of the submission in the results folder, with a copy
// of the program, and submits its jobs. It returns the folder and the jobs: the
// arrays, then the last job. When a job is refused, or ctx ends, those before it
// are cancelled.
func (s *Submission) Submit(ctx context.Context, results, program string) (dir string, jobs []string, err error) {
	if only := os.Getenv("SBATCH_CLUSTERS"); only != "" && only != os.Getenv(clusterVariable) {
		return "", nil, fmt.Errorf("SBATCH_CLUSTERS is %q, which of Slurm's commands only sbatch obeys: set %s to the same", only, clusterVariable)
	}
	here := thisCluster(ctx)
	scripts, err := s.scripts(here.largest)
	if err != nil {
		return "", nil, err
	}
	last, err := s.report()
	if err != nil {
		return "", nil, err
	}
	if dir, err = makeFolder(results); err != nil {
		return "", nil, fmt.Errorf("making a folder to submit from: %w", err)
	}
	if err := s.fill(dir, program, here, append(scripts, last)); err != nil {
		return dir, nil, fmt.Errorf("preparing to submit: %w", err)
	}
	var noted []job
	for _, f := range append(scripts, last) {
		var options []string
		if f.Count == 0 {
			options = []string{"--dependency=afterany:" + strings.Join(jobs, ":")}
		}
		id, err := sbatch(ctx, dir, f, options...)
		if err == nil {
			jobs = append(jobs, id)
			noted = append(noted, job{id, f.Offset, f.Count})
			// Also when ctx has ended: whoever looks must know of the job.
			err = errors.Join(note(dir, noted), ctx.Err())
		}
		if err != nil {
			return dir, nil, withdraw(ctx, dir, jobs, err)
		}
	}
	return dir, jobs, nil
}

// job is a line of the file of jobs.
type job struct {
	id            string
	offset, count int // as in script
}

// note writes down the jobs so far.
func note(dir string, jobs []job) error {
	return atomicfile.Write(filepath.Join(dir, jobsFile), func(w io.Writer) error {
		for _, j := range jobs {
			if _, err := fmt.Fprintln(w, j.id, j.offset, j.count); err != nil {
				return err
			}
		}
		return nil
	})
}

// list is the content of the file of runs.
func (s *Submission) list() string {
	var b strings.Builder
	for _, t := range s.Tasks {
		fmt.Fprintf(&b, "%s %s seed %d\n", t.Identity, t.Network, t.Seed)
	}
	return b.String()
}

// makeFolder makes a new folder for a submission.
func makeFolder(results string) (string, error) {
	parent := filepath.Join(results, submissions)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", err
	}
	name := time.Now().Format("20060102-150405")
	for n := 1; ; n++ {
		dir := filepath.Join(parent, name)
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", dir, n)
		}
		if err := os.Mkdir(dir, 0o777); err == nil || !errors.Is(err, os.ErrExist) {
			return dir, err
		}
	}
}

// fill writes the files of a submission. The program is copied, since that of
// go run is gone when it ends, and another may be built before the tasks begin.
func (s *Submission) fill(dir, program string, here cluster, scripts []script) error {
	in, err := os.Open(program)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, programFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o777)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, noteFile), []byte(s.Note), 0o666); err != nil {
		return err
	}
	if here.name != "" {
		if err := os.WriteFile(filepath.Join(dir, clusterFile), []byte(here.name+"\n"), 0o666); err != nil {
			return err
		}
	}
	for _, f := range scripts {
		if err := os.WriteFile(filepath.Join(dir, f.Name+".sbatch"), []byte(f.Text), 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, runsFile), []byte(s.list()), 0o666)
}

// maxSbatch is how long sbatch may take: it tries again for long when Slurm is
// busy.
const maxSbatch = 5 * time.Minute

// sbatch submits a script and returns the number of its job. An sbatch that has
// begun is not stopped by the end of ctx, nor by a terminal's Ctrl-C: Slurm may
// have the job already, and only sbatch knows its number.
func sbatch(ctx context.Context, dir string, f script, options ...string) (string, error) {
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("submitting %s: %w", filepath.Join(dir, f.Name+".sbatch"), err)
	}
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), maxSbatch)
	defer stop()
	cmd := exec.CommandContext(ctx, "sbatch", append(options, "--parsable", f.Name+".sbatch")...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return against.MatchString(pair) })
	detach(cmd)
	out, err := output(cmd)
	var ended *exec.ExitError
	if errors.As(err, &ended) && (!ended.Exited() || unanswered.MatchString(err.Error())) {
		err = fmt.Errorf("%w: Slurm may have the job nevertheless, look for it with squeue", err)
	}
	if err != nil {
		return fail(err)
	}
	m := jobNumber.FindAllStringSubmatch(out, -1)
	if m == nil {
		return fail(fmt.Errorf("sbatch did not say the number of the job, but %.100q: look for it with squeue", strings.TrimSpace(out)))
	}
	return m[len(m)-1][1], nil
}

// against are variables by which sbatch would do otherwise than the scripts say, and
// than a submission needs: see taken.
var against = regexp.MustCompile(`^SBATCH_(ARRAY_INX|ERROR|NO_REQUEUE|OPEN_MODE|OUTPUT|SIGNAL|TEST_ONLY|WAIT)=`)

// unanswered is in what Slurm's commands complain of when they did not hear whether
// Slurm did what it was asked for.
var unanswered = regexp.MustCompile(`(?i)timed out|communication|zero bytes|temporarily unavailable`)

// jobNumber is what sbatch --parsable prints, on a line of its own. The name of
// a cluster may follow, and what a site has its sbatch print may stand before.
var jobNumber = regexp.MustCompile(`(?m)^\s*([0-9]+)(;\S*)?\s*$`)

// maxLinger is how long is waited for what a command has started, once it has ended
// or was told to: sites put scripts in the place of Slurm's commands.
const maxLinger = 2 * time.Second

// output runs a command of Slurm; what it complains of is its error.
func output(cmd *exec.Cmd) (string, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = maxLinger
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well
		err = nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("there is no %s: submit from a machine that Slurm is installed on", cmd.Args[0])
	}
	if text := strings.Join(strings.Fields(complaint.String()), " "); err != nil && text != "" {
		return "", fmt.Errorf("%s (%w)", text, err)
	}
	return out.String(), err
}

// withdraw cancels jobs because another was refused.
func withdraw(ctx context.Context, dir string, jobs []string, refused error) error {
	if len(jobs) > 0 {
		// Also when it is ctx that ended. Jobs that cannot be cancelled still count as queued.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer stop()
		if _, err := output(exec.CommandContext(ctx, "scancel", jobs...)); err != nil {
			return errors.Join(refused, err)
		}
	}
	return errors.Join(refused, markEnded(dir))
}

func markEnded(dir string) error {
	return os.WriteFile(filepath.Join(dir, endedFile), nil, 0o666)
}
