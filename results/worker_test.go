package results

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results/atomicfile"
	"deepresidual/results/lease"
)

const (
	workerRuns  = 6
	workerSteps = 20
)

func workerKey(seed int) Key {
	scale := experiments.Scale{Num: 1, Den: 16}
	return Key{Spec: experiments.RunSpec{
		Network:  network.Standard(network.Plain, 3),
		Protocol: experiments.Paper().Scaled(scale),
		Scale:    scale, Seed: int64(seed),
	}}
}

func workerOptions() lease.Options {
	m := *lease.ThisMachine()
	if name := os.Getenv("RESULTS_TEST_HOST"); name != "" {
		m.Host = name
	}
	return lease.Options{Heartbeat: 50 * time.Millisecond, StaleAfter: 2 * time.Second, Machine: &m}
}

// workerProcess trains what nobody else does until everything is complete. What
// it trains is a count that is kept in a checkpoint.
func workerProcess(dir string) int {
	s, err := OpenWith(dir, workerOptions())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for complete := 0; complete < workerRuns; {
		complete = 0
		for seed := range workerRuns {
			key := workerKey(seed)
			if r, err := find(s, key); err == nil && r != nil && r.Status == Complete {
				complete++
				continue
			}
			err := workOn(s, key, filepath.Join(dir, fmt.Sprint("log", seed)))
			var held *lease.HeldError
			var lost *lease.LostError
			if err != nil && !errors.As(err, &held) && !errors.As(err, &lost) {
				fmt.Println(err)
				return 1
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0
}

func workOn(s *Store, key Key, log string) error {
	run, err := s.Begin(context.Background(), key)
	if err != nil {
		return err
	}
	defer run.Release()
	r, err := run.Record()
	if err != nil {
		return err
	}
	if r != nil && r.Status == Complete {
		return nil
	}
	step := 0
	if b, err := os.ReadFile(filepath.Join(run.Dir(), CheckpointPrefix+"1")); err == nil {
		if step, err = strconv.Atoi(string(b)); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	if err := note(log, "begin %d\n", step); err != nil {
		return err
	}
	for step < workerSteps {
		step++
		run.Progress(step, 1)
		time.Sleep(10 * time.Millisecond)
		if err := run.WriteFile(CheckpointPrefix+"1", content(strconv.Itoa(step))); err != nil {
			return err
		}
		r := testRecord(key, step)
		r.Status, r.Responses = Running, nil
		if err := run.Save(r); err != nil {
			return err
		}
	}
	if err := run.Save(testRecord(key, workerSteps)); err != nil {
		return err
	}
	return note(log, "complete %d\n", step)
}

// note adds a line to a log. A short one arrives whole on a local file system.
func note(log, format string, step int) error {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, format, step)
	return errors.Join(err, f.Close())
}

// Worker processes, on what they take for two hosts, are killed at work and
// started again, while others look on.
func TestKilledWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	dir := scratch(t)
	start := func(host string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "RESULTS_TEST_WORKER="+dir, "RESULTS_TEST_HOST="+host)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}

	s := open(t, dir, lease.Options{})
	watching, stopWatching := context.WithCancel(t.Context())
	var watcher sync.WaitGroup
	watcher.Go(func() {
		finished := make(map[int]bool)
		for looks := 0; ; looks++ {
			if watching.Err() != nil {
				t.Logf("looked %d times at every run", looks)
				return
			}
			for seed := range workerRuns {
				state := s.State(workerKey(seed))
				if state.Damage != nil {
					t.Errorf("seed %d: %v", seed, state.Damage)
				}
				if finished[seed] && state.Status != Complete {
					t.Errorf("seed %d was complete, now %s", seed, state.Status)
				}
				finished[seed] = state.Status == Complete
			}
			time.Sleep(5 * time.Millisecond)
		}
	})

	hosts := []string{"a", "a", "b", "b"}
	workers := make([]*exec.Cmd, len(hosts))
	for i, host := range hosts {
		workers[i] = start(host)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HARNESS_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal("HARNESS_SEED: ", err)
		}
	}
	t.Logf("HARNESS_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for kills < 12 {
		var held, complete int
		for seed := range workerRuns {
			switch state := s.State(workerKey(seed)); state.Status {
			case Running:
				held = state.Holder.PID
			case Complete:
				complete++
			}
		}
		if complete == workerRuns {
			break
		}
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		for i, w := range workers {
			if w.Process.Pid == held {
				w.Process.Kill()
				w.Wait()
				kills++
				workers[i] = start(hosts[i])
			}
		}
	}
	for _, w := range workers {
		if err := w.Wait(); err != nil {
			t.Error("a worker that was left alone: ", err)
		}
	}
	stopWatching()
	watcher.Wait()

	begun := 0
	for seed := range workerRuns {
		key := workerKey(seed)
		r, err := find(s, key)
		if err != nil || r == nil || r.Status != Complete || len(r.Rows) != workerSteps {
			t.Errorf("seed %d: record %v, %v", seed, r, err)
		}
		curve, _ := os.ReadFile(filepath.Join(s.Path(key), CurveFile))
		if want := EncodeCurve(testRecord(key, workerSteps).Rows); string(curve) != string(want) {
			t.Errorf("seed %d: not the curve of an undisturbed run:\n%s", seed, curve)
		}
		log, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("log", seed)))
		if err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSpace(string(log)), "\n")
		last := 0
		for i, line := range lines {
			var what string
			var step int
			if _, err := fmt.Sscan(line, &what, &step); err != nil || step < last || what == "complete" && i < len(lines)-1 {
				t.Errorf("seed %d: trained from the steps\n%s", seed, log)
				break
			}
			last = step
			if what == "begin" {
				begun++
			}
		}
		for _, name := range names(t, s.Path(key)) {
			if strings.HasPrefix(name, "claim") || strings.HasPrefix(name, atomicfile.Temporary) {
				t.Errorf("seed %d: left behind: %s", seed, name)
			}
		}
	}
	t.Logf("%d kills, %d runs begun or continued %d times", kills, workerRuns, begun)
	if kills < 3 {
		t.Errorf("only %d workers were killed at work: too few to prove anything", kills)
	}
}
