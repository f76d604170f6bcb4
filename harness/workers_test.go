package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// smallNetworks describes two networks, flat and short.
const smallNetworks = `
[network.flat]
kind = "plain"
blocks = [1, 1, 1]
channels = [16, 16, 16]

[network.short]
kind = "residual"
blocks = [1, 1, 1]
channels = [16, 16, 16]
`

// chaosVariable says for how long TestWorkers kills workers, in each of its
// settings: "10m". It is a few seconds without.
const chaosVariable = "HARNESS_CHAOS"

const chaosSpec = `
title = "Chaos"
draw = "curves"
networks = ["flat", "short"]
` + smallNetworks + `
[protocol]
batch = 8
iterations = 40
learning_rate = 0.05
milestones = [20, 30]
eval_interval = 20
`

// seedVariable gives the seed of the moments at which processes are killed, to
// kill them at the same ones again.
const seedVariable = "HARNESS_SEED"

// newRandom returns random numbers for moments, and logs their seed.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(seedVariable); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestWorkers: four workers on one folder are killed at random and started
// again. Every run is trained to its end and none again after it, and all come
// out as if nothing had happened.
func TestWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds, or what " + chaosVariable + " says")
	}
	duration := 3 * time.Second
	if s := os.Getenv(chaosVariable); s != "" {
		var err error
		if duration, err = time.ParseDuration(s); err != nil {
			t.Fatalf("%s: %v", chaosVariable, err)
		}
	}
	worker := []string{"harness"}
	t.Run("one host", func(t *testing.T) {
		disturb(t, duration, [][]string{worker, worker, worker, worker})
	})
	t.Run("two hosts without file locks", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("locks are taken away by a seccomp filter, which is Linux's")
		}
		a, b := []string{"harness-on", "a", "2s"}, []string{"harness-on", "b", "2s"}
		disturb(t, duration, [][]string{a, a, b, b})
	})
}

// disturb kills workers, begun by the given commands, for a while.
func disturb(t *testing.T, duration time.Duration, commands [][]string) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "chaos.toml")
	if err := os.WriteFile(spec, []byte(chaosSpec), 0o666); err != nil {
		t.Fatal(err)
	}
	folder, log := filepath.Join(dir, "results"), filepath.Join(dir, "log")
	out, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	const seedsInRound = 2
	networks := 2
	random := newRandom(t)

	const continued = ") goes on from " // a worker says so; what is planned has a colon
	kills, runs := 0, 0
	var all []string
	began := time.Now()
	// A busy machine kills workers that have not begun: there, it goes on for a
	// while until one has left something to go on from.
	more := func() bool {
		said, _ := os.ReadFile(log)
		proven := kills > 0 && strings.Contains(string(said), continued)
		return time.Since(began) < duration || !proven && (kills == 0 || time.Since(began) < 40*duration)
	}
	for round := 0; more(); round++ {
		var seeds []string
		for i := range seedsInRound {
			seeds = append(seeds, fmt.Sprint(1+round*seedsInRound+i))
		}
		all = append(all, seeds...)
		runs += networks * seedsInRound
		args := []string{"-exp", spec, "-data", "synthetic", "-seeds", strings.Join(seeds, ",")}
		w := watch(t, folder, args...)
		workers := make([]*exec.Cmd, len(commands))
		start := func(i int) {
			workers[i] = begin(t, out, append(commands[i], append(args, "-results", folder, "-checkpoint", "-1s")...))
		}
		for i := range workers {
			start(i)
		}
		for more() {
			time.Sleep(time.Duration(100+random.IntN(1200)) * time.Millisecond)
			i := random.IntN(len(workers))
			workers[i].Process.Kill()
			if err := workers[i].Wait(); err == nil {
				break // it had ended by itself: all is done
			} else if workers[i].ProcessState.Exited() && runtime.GOOS != "windows" { // where being killed looks the same
				t.Errorf("a worker failed: %v", err)
			}
			kills++
			start(i)
		}
		for _, c := range workers {
			c.Wait() // an error if it was waited for above; its state says all
			if code := c.ProcessState.ExitCode(); code != exitDone {
				t.Errorf("a worker that was left alone ended with %d", code)
			}
		}
		w.end()
		w.checkOnce(networks * seedsInRound)
		t.Logf("round %d: -status looked %d times, the slowest look took %v; seen: %v", round+1, w.looks, w.slowest.Round(time.Millisecond), w.seen)
	}
	took := time.Since(began)

	undisturbed := filepath.Join(dir, "undisturbed")
	if err := begin(t, io.Discard, []string{"harness", "-exp", spec, "-data", "synthetic", "-seeds", strings.Join(all, ","), "-results", undisturbed}).Wait(); err != nil {
		t.Fatal(err)
	}
	compareTrained(t, folder, undisturbed, runs)
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if t.Failed() {
		t.Log(text)
	}
	if kills == 0 || !strings.Contains(text, continued) {
		t.Errorf("%d workers were killed, and no run went on from what one left: too little to prove anything", kills)
	}
	for _, trouble := range []string{"cannot be used", "damaged", "panic", "internal error"} {
		if strings.Contains(text, trouble) {
			t.Errorf("a worker speaks of %q:\n%s", trouble, text)
		}
	}
	t.Logf("%v: %d workers killed, %d runs, begun %d times, continued %d times, taken over from a worker that lived %d times",
		took.Round(time.Second), kills, runs, strings.Count(text, " begins\n"), strings.Count(text, continued), strings.Count(text, "was taken over"))
}

// begin starts a command; it is killed with the test.
func begin(t *testing.T, output io.Writer, args []string) *exec.Cmd {
	t.Helper()
	c := exec.Command(args[0], args[1:]...)
	c.Stdout, c.Stderr = io.Discard, output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c
}
