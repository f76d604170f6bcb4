package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/harness/fixture"
	"deepresidual/harness/process"
	"deepresidual/harness/publish"
	"deepresidual/harness/work"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// told is the answer to status.json.
type told struct {
	Version string
	Runs    []struct {
		Network, Status, Where string
		Iteration, Iterations  int
		Speed                  float64 `json:"images_per_second"`
		Left                   float64 `json:"seconds_left"`
	}
}

func news(t *testing.T, get func(string) (int, string), url string) told {
	t.Helper()
	status, body := get(url + "status.json")
	var n told
	if err := json.Unmarshal([]byte(body), &n); err != nil || status != http.StatusOK {
		t.Fatalf("status.json: status %d, %v: %s", status, err, body)
	}
	return n
}

// With -exp and without -report what is missing is trained while it is served.
func TestServeTrains(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "quick.toml")
	err := os.WriteFile(spec, []byte("title = \"Quick\"\ndraw = \"curves\"\nnetworks = [\"resnet-8\"]\n[protocol]\nbatch = 8\niterations = 6\nmilestones = [3]\neval_interval = 3\n"), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	var stderr lockedBuffer
	code := make(chan int, 1)
	go func() {
		defer writer.Close()
		code <- run(ctx, []string{"-exp", spec, "-serve", "0", "-data", "synthetic", "-results", dir}, writer, &stderr)
	}()
	out := bufio.NewReader(reader)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line)
	get := func(url string) (int, string) {
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		n := news(t, get, url)
		if len(n.Runs) != 1 || n.Runs[0].Iterations != 6 {
			t.Fatalf("the state of the runs is %+v", n)
		}
		if n.Runs[0].Status == "complete" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing was trained: %s", stderr.String())
		}
	}
	if _, page := get(url); !strings.Contains(page, "Quick") || !strings.Contains(page, "synthetic data") {
		t.Error("the page does not show what was trained")
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(stderr.String(), "the training has ended; the report stays at "+url); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the end of the training is not told: %s", stderr.String())
		}
	}
	if status, _ := get(url + "figures/quick-synthetic.svg"); status != http.StatusOK {
		t.Errorf("the figure: status %d", status)
	}
	stop()
	if c := <-code; c != exitDone || !strings.Contains(stderr.String(), "stopped serving "+url) {
		t.Errorf("exit code %d, want %d; %s", c, exitDone, stderr.String())
	}
}

// brokenListener is one that no connection comes from.
type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("no more sockets") }

// nothingYet is a report of no runs, and where to serve it.
func nothingYet(t *testing.T) (net.Listener, *publish.Live) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return l, &publish.Live{Publisher: &publish.Publisher{Store: store, Output: io.Discard, Progress: io.Discard}}
}

// A server that fails is told while the training goes on, not after it; its
// failure is the command's.
func TestServeFails(t *testing.T) {
	l, live := nothingYet(t)
	said := "serving the report at " + l.Addr().String() + ": no more sockets"
	var stderr lockedBuffer
	env := &environment{stdout: io.Discard, stderr: &stderr}
	err := serve(t.Context(), env, live, brokenListener{l}, func(context.Context) error {
		for deadline := time.Now().Add(time.Minute); stderr.String() == "" && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if got, want := stderr.String(), said+"; the training goes on\n"; got != want {
			t.Errorf("during the training it says %q, want %q", got, want)
		}
		return nil
	})
	if err == nil || err.Error() != said || strings.Contains(stderr.String(), "stays at") {
		t.Errorf("error %v, want %q; said %q", err, said, stderr.String())
	}
	if untold(err) != nil || exitCode(err) != exitFailed {
		t.Errorf("exit code %d, want %d; %v is told again", exitCode(err), exitFailed, untold(err))
	}

	stderr = lockedBuffer{}
	var alone lockedBuffer
	env.stderr = &alone
	if err := serve(t.Context(), env, live, brokenListener{l}, nil); err == nil || strings.Contains(alone.String(), "training") {
		t.Errorf("with nothing to train: error %v, said %q", err, alone.String())
	}
}

// Where nothing is trained, every option of training is refused, not dropped.
func TestServeWithoutTraining(t *testing.T) {
	var o options
	new(trainMode).declareTraining(&o)
	values := map[string]string{"checkpoint": "5s", "kernels": "portable", "jobs": "1", "threads": "1", "run": "abcdef", "tensorboard": "events"}
	for _, option := range o {
		for why, args := range map[string][]string{"without -exp": nil, "with -report": {"-exp", "fig1", "-report"}} {
			given := "-" + option.name
			if value := values[option.name]; value != "" {
				given += "=" + value
			}
			var stderr strings.Builder
			code := run(t.Context(), append(args, "-serve", "0", given, "-results", t.TempDir()), io.Discard, &stderr)
			want := fmt.Sprintf("harness: -serve %s trains nothing: leave -%s out\n", why, option.name)
			if code != exitUsage || stderr.String() != want {
				t.Errorf("%s: exit code %d, %q; want %d, %q", given, code, stderr.String(), exitUsage, want)
			}
		}
	}
}

// What went wrong in a training that leaves something to look at is told when
// it ends, and not once more when the serving does.
func TestServeFailedTraining(t *testing.T) {
	l, live := nothingYet(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stderr lockedBuffer
	env := &environment{stdout: io.Discard, stderr: &stderr}
	go func() {
		for deadline := time.Now().Add(time.Minute); !strings.Contains(stderr.String(), "stays at") && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	err := serve(ctx, env, live, l, func(context.Context) error { return work.ErrUnfinished })
	if untold(err) != nil || exitCode(err) != exitFailed || !strings.HasPrefix(stderr.String(), "harness: "+work.ErrUnfinished.Error()+"\n") {
		t.Errorf("exit code %d, want %d; untold %v; said %q", exitCode(err), exitFailed, untold(err), stderr.String())
	}
}

// Of several errors those are told that were not yet, in their own words.
func TestUntold(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""}, {a, "a"}, {toldError{a}, ""}, {errors.Join(toldError{a}, nil), ""}, {errors.Join(toldError{a}, b), "b"},
		{fmt.Errorf("%w because of %w", a, b), "a because of b"},
	} {
		got := ""
		if err := untold(c.err); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %q is still to be told, want %q", c.err, got, c.want)
		}
	}
}

// What could not be drawn after a training is said, and what was trained is still
// shown.
func TestServeStaysAfterDrawingFails(t *testing.T) {
	l, live := nothingYet(t)
	var stderr lockedBuffer
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		full := fmt.Errorf("drawing: %w", publish.DrawError{})
		ended <- serve(ctx, &environment{stdout: io.Discard, stderr: &stderr}, live, l, func(context.Context) error { return full })
	}()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(stderr.String(), "stays at") && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
		if len(ended) > 0 {
			t.Fatalf("the page went with the error: %v", <-ended)
		}
	}
	stop()
	var draw publish.DrawError
	if err := <-ended; !errors.As(err, &draw) || !strings.Contains(stderr.String(), "stays at") {
		t.Errorf("got %v; said %q", err, stderr.String())
	}
}

// A training that cannot begin ends the serving, too.
func TestServeNothingToTrain(t *testing.T) {
	var stderr lockedBuffer
	dir := t.TempDir()
	code := run(t.Context(), []string{"-exp", "fig1", "-serve", "0", "-data", dir, "-results", filepath.Join(dir, "results")}, io.Discard, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "stopped serving") {
		t.Errorf("exit code %d, want %d; %s", code, exitFailed, stderr.String())
	}
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestServePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	code := run(t.Context(), []string{"-serve", port, "-results", t.TempDir()}, io.Discard, &stderr)
	want := "harness: -serve " + port + ": the port is in use; choose another, or 0 for any that is free\n"
	if code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d, %q; want %d, %q", code, stderr.String(), exitFailed, want)
	}
}

// An address of all of a machine's is told by its name: nobody can open "all".
func TestURLOfAllAddresses(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if got, want := urlOf(l), "http://"+net.JoinHostPort(process.Host(), port)+"/"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What another process trains is shown as its signs of life tell it, also where
// it trains a finished run again.
func TestServeShowsOthersProgress(t *testing.T) {
	dir := t.TempDir()
	e := fixture.Experiment(t, "e", nil)
	spec := filepath.Join(dir, "mine.toml")
	if err := os.WriteFile(spec, []byte("title = \"Mine\"\ndraw = \"curves\"\nnetworks = [\"plain-8\", \"resnet-20\"]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	elsewhere := *lease.ThisMachine()
	elsewhere.Host, elsewhere.Boot = "elsewhere", "another"
	store, err := results.OpenWith(dir, lease.Options{Heartbeat: time.Millisecond, Machine: &elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	again := fixture.Key(e, 0)
	fixture.Leave(t, store, again, results.Complete, false)
	if err := store.Retrain([]results.Key{again}, []results.Key{again}); err != nil {
		t.Fatal(err)
	}
	var runs []*results.Run
	for i := range e.Networks {
		run, err := store.Begin(t.Context(), fixture.Key(e, i))
		if err != nil {
			t.Fatal(err)
		}
		defer run.Release()
		runs = append(runs, run)
	}

	url, get, end := serving(t, spec, dir)
	where := fmt.Sprintf("elsewhere:%d", os.Getpid())
	for _, iteration := range []int{400, 500} {
		for _, run := range runs {
			run.Progress(iteration, 1000)
		}
		var n told
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if n = news(t, get, url); n.Runs[0].Iteration == iteration && n.Runs[1].Iteration == iteration {
				break
			}
		}
		for _, r := range n.Runs {
			if r.Status != "running" || r.Where != where || r.Iteration != iteration {
				t.Errorf("%d iterations are told as %+v, want it running at %s", iteration, r, where)
			}
			if left := float64(r.Iterations-iteration) * 128 / 1000; r.Speed != 1000 || r.Left != left {
				t.Errorf("after %d of %d iterations at %v images/s %v s are left, want 1000 and %v", iteration, r.Iterations, r.Speed, r.Left, left)
			}
		}
	}
	if c := end(); c != exitDone {
		t.Errorf("exit code %d, want %d", c, exitDone)
	}
}

// serving serves the page of a spec's records in a results folder: where it is,
// how to get it, and how to end that, which returns the exit code.
func serving(t *testing.T, spec, dir string) (url string, get func(url string) (int, string), end func() int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		defer writer.Close()
		code <- run(ctx, []string{"-exp", spec, "-report", "-serve", "0", "-results", dir}, writer, os.Stderr)
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	get = func(url string) (int, string) {
		t.Helper()
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	end = func() int {
		stop()
		return <-code
	}
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line), get, end
}

// The page shows rows that arrive while it is served.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	e := fixture.Experiment(t, "e", nil)
	spec := dir + "/mine.toml"
	err := os.WriteFile(spec, []byte("title = \"Mine\"\ndraw = \"curves\"\nnetworks = [\"plain-8\", \"resnet-20\"]\n"), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	fixture.Leave(t, store, fixture.Key(e, 0), results.Complete, false)

	url, get, end := serving(t, spec, dir)
	status, page := get(url)
	if status != http.StatusOK || !strings.Contains(page, "Mine") || !strings.Contains(page, "data-version=") {
		t.Errorf("%s: status %d, %d bytes; want the report, alive", url, status, len(page))
	}
	before := news(t, get, url)
	if r := before.Runs[0]; len(before.Runs) != 2 || r.Network != "plain-8" || r.Status != "complete" || before.Runs[1].Status != "not recorded" {
		t.Errorf("the state of the runs is %+v", before)
	}
	fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
	run := `id="run-` + fixture.Key(e, 1).Identity() + `"`
	if _, newer := get(url); strings.Contains(page, run) || !strings.Contains(newer, run) {
		t.Error("the page does not show another run that is recorded")
	}
	if after := news(t, get, url); after.Version == before.Version || after.Runs[1].Status != "complete" {
		t.Errorf("after another run the state is %+v, of the same version as before", after)
	}

	// The files beside the page are there, others are not.
	key := fixture.Key(e, 0)
	for name, content := range map[string]string{"figures/fig.svg": "<svg/>", "secret.txt": "s", "runs/plain-8/" + key.Identity() + "/other": "s"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "figures", "etc")); err != nil && runtime.GOOS != "windows" { // where it is a privilege
		t.Fatal(err)
	}
	runDir := "runs/plain-8/" + key.Identity() + "/"
	for path, want := range map[string]int{
		"report.html": 200, "figures/fig.svg": 200, runDir + "curve.csv": 200, runDir + "run.toml": 200,
		"figures/": 404, "figures": 404, "figures/fig2.svg": 404, runDir + "other": 404, runDir: 404, "secret.txt": 404, "etc/passwd": 404,
		"figures/etc/passwd": 404, "figures/%2e%2e/secret.txt": 400, "runs/..%2fsecret.txt": 404,
	} {
		if status, _ := get(url + path); status != want {
			t.Errorf("/%s: status %d, want %d", path, status, want)
		}
	}
	if c := end(); c != exitDone {
		t.Errorf("exit code %d, want %d", c, exitDone)
	}
}
