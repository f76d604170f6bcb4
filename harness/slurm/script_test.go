package slurm

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func submission() *Submission {
	return &Submission{
		Tasks: []Task{
			{Identity: "1b0f9e3a7c55", Network: "resnet-110", Seed: 1, Time: 7 * time.Hour, Memory: 1024},
			{Identity: "9d2c4bb01e6f", Network: "plain-20", Seed: 1, Time: 70 * time.Minute, Memory: 400},
			{Identity: "44ac0de98b12", Network: "resnet-110", Seed: 2, Time: 6 * time.Hour, Memory: 1030},
		},
		Train:  []string{"-exp", "fig1", "-results", "/shared/it's here"},
		Report: []string{"-exp", "fig1", "-results", "/shared/it's here", "-report"},
		Site:   Site{Partition: "cpu", Account: "vision", CPUs: 8, Options: []string{"--qos=long", `--comment=a "word" #1`}},
	}
}

// Where an option says how much memory a task has, no other line does.
func TestMemoryPerProcessor(t *testing.T) {
	s := submission()
	s.Site.Options = append(s.Site.Options, "--mem-per-cpu=500M")
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "--mem=") || strings.Count(text, "--mem-per-cpu=500M") != 3 {
		t.Errorf("the scripts ask for memory twice, or not at all:\n%s", text)
	}
}

// TestScripts holds the scripts against those in testdata.
func TestScripts(t *testing.T) {
	var b strings.Builder
	s := submission()
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "scripts.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant that of %s", &b, golden)
	}
}

// The list of runs is in the order of the arrays.
func TestRunsAreInTheOrderOfTheArrays(t *testing.T) {
	s := submission()
	if _, err := s.scripts(usualArray); err != nil {
		t.Fatal(err)
	}
	const want = "1b0f9e3a7c55 resnet-110 seed 1\n44ac0de98b12 resnet-110 seed 2\n9d2c4bb01e6f plain-20 seed 1\n"
	if got := s.list(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// No two scripts have one name, be a network called as the last job is, or as a
// part of another's runs.
func TestNamesOfScripts(t *testing.T) {
	s := &Submission{Site: Site{CPUs: 1}}
	for _, network := range []string{"report", "x", "x", "x", "x-part2", "report-part2"} {
		s.Tasks = append(s.Tasks, Task{Identity: network, Network: network})
	}
	scripts, err := s.scripts(2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range scripts {
		if got = append(got, f.Name); !strings.Contains(f.Text, "--job-name="+f.Name+"\n") {
			t.Errorf("the job of %s.sbatch has another name", f.Name)
		}
	}
	want := []string{"report-part2", "x", "x-part2", "x-part2-part2", "report-part2-part2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An option stands in a script as one word that says to sbatch what was meant.
func TestDirectives(t *testing.T) {
	for _, c := range []struct{ option, want string }{
		{"--qos=long", "--qos=long"},
		{"--qos long", "--qos=long"},
		{"--comment  two words", `"--comment=two words"`},
		{"--comment=two words", `"--comment=two words"`},
		{"-A lab", "-Alab"},
		{"-Alab", "-Alab"},
		{"-J my job", `"-Jmy job"`},
		{"-Jmy job", `"-Jmy job"`},
		{"-H", "-H"},
		{"--exclusive ", `"--exclusive "`},
	} {
		if got := (Job{Site: Site{Options: []string{c.option}}}).Directives()[0]; got != c.want {
			t.Errorf("%q stands in a script as %s, want %s", c.option, got, c.want)
		}
	}
}

func TestLimitAndMemory(t *testing.T) {
	for _, c := range []struct {
		time  time.Duration
		limit string
	}{
		{0, "0-00:15:00"},
		{time.Second, "0-00:30:00"}, // a margin, in whole quarters
		{10 * time.Minute, "0-00:30:00"},
		{20 * time.Hour, "1-06:15:00"},
	} {
		if got := limit([]Task{{Time: c.time}, {}}); got != c.limit {
			t.Errorf("limit of a run of %v: %s, want %s", c.time, got, c.limit)
		}
	}
	if got := memory([]Task{{Memory: 400}, {Memory: 892}}); got != "1200M" {
		t.Errorf("memory for 892 MiB: %s, want 1200M", got)
	}
}

func TestReadSite(t *testing.T) {
	for _, c := range []struct{ name, text, problem string }{
		{"empty", "", ""},
		{"all", "[slurm]\npartition = \"cpu\"\naccount = \"a\"\ntime = \"1-12:00:00\"\ncpus = 2\nmemory = \"4G\"\nat_once = 3\noptions = [\"--qos=long\"]\n", ""},
		{"misspelt", "[slurm]\npartitoin = \"cpu\"\n", "partition"},
		{"type", "[slurm]\ncpus = \"two\"\n", "cpus"},
		{"cpus", "[slurm]\ncpus = 0\n", ":2: slurm.cpus"},
		{"time", "[slurm]\ntime = \"soon\"\n", ":2: slurm.time"},
		{"memory", "[slurm]\nmemory = \"4 GB\"\n", "slurm.memory"},
		{"memory twice", "[slurm]\nmemory = \"4G\"\noptions = [\"--mem-per-cpu=1G\"]\n", "slurm.memory"},
		{"partition", "[slurm]\npartition = \"a b\"\n", "slurm.partition"},
		{"option", "[slurm]\noptions = [\"qos=long\"]\n", "slurm.options"},
		{"lines", "[slurm]\noptions = [\"--a\\n--b\"]\n", "slurm.options"},
		{"control character", "[slurm]\noptions = [\"--comment=\\u001b[2J\"]\n", "slurm.options"},
		{"more cpus than there are", "[slurm]\ncpus = 40960\n", ":2: slurm.cpus"},
		{"words of a shell", "[slurm]\naccount = \"$(id)\"\n", "slurm.account"},
		{"limit", "[slurm]\nat_once = 4\n", ""},
		{"no limit", "[slurm]\nat_once = -1\n", "slurm.at_once"},
		{"clash", "[slurm]\noptions = [\"--array=1-3\"]\n", "slurm.options"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "site.toml")
			if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			site, err := ReadSite(path)
			switch {
			case c.problem == "" && err != nil:
				t.Error(err)
			case c.name == "all":
				want := Site{Partition: "cpu", Account: "a", Time: "1-12:00:00", CPUs: 2, Memory: "4G", AtOnce: 3, Options: []string{"--qos=long"}}
				if diff := cmp.Diff(want, site); diff != "" {
					t.Errorf("the site is read otherwise:\n%s", diff)
				}
			case c.problem == "" && site.CPUs != DefaultCPUs:
				t.Errorf("%d processors", site.CPUs)
			case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), path)):
				t.Errorf("error %v, want one that names the file and %q", err, c.problem)
			}
		})
	}
	if _, err := ReadSite(filepath.Join(t.TempDir(), "none.toml")); err == nil {
		t.Error("a file that does not exist was read")
	}
}

// TestQueued: runs are queued from the first job's number on until the last
// job has ended.
func TestQueued(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file that is read is replaced there, and there is no Slurm")
	}
	results := t.TempDir()
	if q, err := Queued(results); err != nil || len(q) != 0 {
		t.Errorf("nothing was submitted: %v, %v", q, err)
	}
	dir, err := makeFolder(results)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := makeFolder(results); err != nil || again == dir {
		t.Errorf("two submissions in one folder: %s, %v", again, err)
	}
	if err := os.WriteFile(filepath.Join(dir, runsFile), []byte("1b0f9e3a7c55 plain-20 seed 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if q, err := Queued(results); err != nil || len(q) != 0 {
		t.Errorf("no job has a number yet: %v, %v", q, err)
	}
	if err := note(dir, []job{{"7", 0, 1}}); err != nil {
		t.Fatal(err)
	}
	// Whoever reads the list while it grows has the one before or the new one.
	before, err := os.Open(filepath.Join(dir, jobsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := note(dir, []job{{"7", 0, 1}, {"8", 1, 0}}); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(before); err != nil || string(text) != "7 0 1\n" {
		t.Errorf("the list before is %q now, %v", text, err)
	}
	want := filepath.Join(submissions, filepath.Base(dir))
	if q, err := Queued(results); err != nil || len(q) != 1 || q["1b0f9e3a7c55"] != want {
		t.Errorf("got %v, %v, want the run in %s", q, err, want)
	}
	if err := markEnded(dir); err != nil {
		t.Fatal(err)
	}
	if q, err := Queued(results); err != nil || len(q) != 0 {
		t.Errorf("the last job has ended: %v, %v", q, err)
	}
}

func TestSelf(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		env  func(string) string
		want string
	}{
		{env(), ""},
		{env("SLURM_JOB_ID", "9"), "9"},
		{env("SLURM_JOB_ID", "9", "SLURM_ARRAY_JOB_ID", "9", "SLURM_ARRAY_TASK_ID", "3"), "9_3"},
	} {
		if got := self(c.env); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
