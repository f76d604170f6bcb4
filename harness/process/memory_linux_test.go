package process

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestMemory(t *testing.T) {
	touched := make([]byte, 64<<20)
	for i := range touched {
		touched[i] = 1
	}
	before := PeakMiB()
	runtime.KeepAlive(touched)
	debug.FreeOSMemory()
	ResetPeak()
	if after := PeakMiB(); after > before-32 {
		t.Errorf("the peak is %.1f MiB after it was reset, %.1f before, with 64 more in use", after, before)
	}
	if peak, free := PeakMiB(), FreeMiB(); peak <= 1 || peak > 1<<20 || free <= 1 || free > 1<<30 {
		t.Errorf("peak %.1f MiB, free %.1f MiB", peak, free)
	}
}

// A control group limits what is in it; what it caches of files is no loss.
func TestControlGroups(t *testing.T) {
	for _, c := range []struct {
		name, groups string
		files        map[string]string
		want         float64
	}{
		{"none", "", nil, math.Inf(1)},
		{"no limit", "0::/user\n", map[string]string{"user/memory.max": "max\n", "user/memory.current": "5\n"}, math.Inf(1)},
		{"version 2, in a container", "0::/\n",
			map[string]string{"memory.max": "1000\n", "memory.current": "900\n", "memory.stat": "anon 200\nfile_mapped 9\nfile 700\nshmem 50\n"}, 750},
		{"version 2, a job of Slurm's", "0::/slurm/job_7/step_batch\n",
			map[string]string{"slurm/job_7/memory.max": "1000\n", "slurm/job_7/memory.current": "400\n", "slurm/job_7/step_batch/memory.max": "max\n"}, 600},
		{"version 1", "9:cpu,cpuacct:/other\n4:memory:/here\n0::/\n",
			map[string]string{"memory/here/memory.limit_in_bytes": "1000\n", "memory/here/memory.usage_in_bytes": "1000\n", "memory/here/memory.stat": "cache 1\ntotal_cache 250\n"}, 250},
		{"version 1, under the host's name", "4:memory:/docker/1234\n",
			map[string]string{"memory/memory.limit_in_bytes": "1000\n", "memory/memory.usage_in_bytes": "300\n"}, 700},
		{"full", "0::/\n", map[string]string{"memory.max": "10\n", "memory.current": "11\n"}, 0},
	} {
		root := t.TempDir()
		for name, content := range c.files {
			path := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got := groupsFree(root, c.groups); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
