package slurm

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"deepresidual/harness/text"
)

// Task is a run to be trained by one task of an array.
type Task struct {
	Identity string // of the run: see results.Key
	Network  string
	Seed     int64
	Time     time.Duration // that it is expected to take
	Memory   int           // that it is expected to need, MiB
}

// Submission is what is handed to Slurm at once.
type Submission struct {
	Tasks  []Task   // longest first
	Train  []string // arguments of the program that trains; -run and -threads are added
	Report []string // arguments of the program that draws the figures
	Note   string   // beside the program, on what program it is
	Site   Site
}

// script is a file to give to sbatch.
type script struct {
	Name          string // of the job; the file is Name.sbatch
	Text          string
	Offset, Count int // an array's tasks are so many lines of the list of runs, after the first ones
}

// usualArray is the most tasks that an array may have where a cluster's
// slurm.conf says nothing: its MaxArraySize is 1001, and indices are below it.
const usualArray = 1000

// The margins of the estimates. A time limit that is too short costs little: the
// task goes on from its checkpoint. Too little memory kills it.
const (
	timeFactor   = 1.5
	timeMargin   = 15 * time.Minute
	memoryFactor = 1.25
)

// scripts returns the arrays, one for each network since its runs need the same
// time and memory, or several if it has more runs than an array may have tasks.
// It orders the tasks as the arrays do. The network with the longest run comes
// first. No two scripts have one name, whatever the networks are called.
func (s *Submission) scripts(largest int) ([]script, error) {
	var networks []string
	tasks := make(map[string][]Task)
	for _, t := range s.Tasks {
		if tasks[t.Network] == nil {
			networks = append(networks, t.Network)
		}
		tasks[t.Network] = append(tasks[t.Network], t)
	}
	s.Tasks = nil
	var scripts []script
	taken := map[string]bool{reportName: true}
	for _, n := range networks {
		name, number := n, 1
		for some := range slices.Chunk(tasks[n], largest) {
			for taken[name] {
				number++
				name = fmt.Sprintf("%s-part%d", n, number)
			}
			taken[name] = true
			a := array{Job: s.job(name), Offset: len(s.Tasks), Count: len(some), Args: text.Words(s.Train)}
			s.Tasks = append(s.Tasks, some...)
			if a.Time == "" {
				a.Time = limit(some)
			}
			switch {
			case s.Site.memoryElsewhere():
				a.Memory = ""
			case a.Memory == "":
				a.Memory = memory(some)
			}
			body, err := render(arrayScript, a)
			if err != nil {
				return nil, err
			}
			scripts = append(scripts, script{name, body, a.Offset, a.Count})
		}
	}
	return scripts, nil
}

// reportName is the name of the last job.
const reportName = "report"

// report returns the last job.
func (s *Submission) report() (script, error) {
	j := s.job(reportName)
	j.Time = "30"
	if s.Site.memoryElsewhere() { // by the processor, of which one may have too little
		j.Memory = ""
	} else {
		j.Memory, j.CPUs = "2G", 1
	}
	body, err := render(reportScript, array{Job: j, Args: text.Words(s.Report)})
	return script{Name: j.Name, Text: body}, err
}

// Job is what all scripts have in common.
type Job struct {
	Name string
	Site
}

// Directives returns the site's other options as they stand in a script: sbatch
// reads quotes and backslashes as a shell does, and # as the start of a comment.
func (j Job) Directives() []string {
	list := make([]string, len(j.Options))
	for i, o := range j.Options {
		o = oneWord(o)
		list[i] = o
		if strings.ContainsAny(o, " \t#'\"\\") {
			list[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(o) + `"`
		}
	}
	return list
}

// oneWord joins an option of sbatch and its value: what is quoted in a script is one
// word to sbatch, in which a space would belong to the value.
func oneWord(option string) string {
	name, value, _ := strings.Cut(option, " ")
	value = strings.TrimLeft(value, " ")
	switch {
	case value == "" || strings.Contains(name, "="):
		return option
	case strings.HasPrefix(name, "--"):
		return name + "=" + value
	case len(name) == 2: // else the value has begun
		return name + value
	}
	return option
}

func (s *Submission) job(name string) Job { return Job{name, s.Site} }

// array fills in a script.
type array struct {
	Job
	Offset, Count int    // as in script
	Args          string // of the program, for the shell
}

// First and Last are the lines of the list of runs.
func (a array) First() int { return a.Offset + 1 }
func (a array) Last() int  { return a.Offset + a.Count }

// Indices are what --array takes.
func (a array) Indices() string {
	s := fmt.Sprintf("1-%d", a.Count)
	if a.AtOnce > 0 {
		s += fmt.Sprintf("%%%d", a.AtOnce)
	}
	return s
}

// limit is the time limit of an array: its longest task's, with a margin, in
// whole quarters of an hour.
func limit(tasks []Task) string {
	var longest time.Duration
	for _, t := range tasks {
		longest = max(longest, t.Time)
	}
	const quarter = 15 * time.Minute
	quarters := (time.Duration(float64(longest)*timeFactor) + timeMargin + quarter - 1) / quarter
	minutes := int(quarters * quarter / time.Minute)
	return fmt.Sprintf("%d-%02d:%02d:00", minutes/(24*60), minutes/60%24, minutes%60)
}

// memory is the memory of an array's tasks, with a margin, in whole steps of 100 MiB.
func memory(tasks []Task) string {
	most := 0
	for _, t := range tasks {
		most = max(most, t.Memory)
	}
	return fmt.Sprintf("%dM", (int(float64(most)*memoryFactor)+99)/100*100)
}

func render(t *template.Template, data any) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, data)
	return b.String(), err
}

const head = `{{define "site"}}{{with .Partition}}#SBATCH --partition={{.}}
{{end}}{{with .Account}}#SBATCH --account={{.}}
{{end}}#SBATCH --time={{.Time}}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={{.CPUs}}
{{with .Memory}}#SBATCH --mem={{.}}
{{end}}{{end}}{{define "options"}}{{range .Directives}}#SBATCH {{.}}
{{end}}{{end}}`

// In both scripts sbatch is started in the folder of the submission, which is
// then where the jobs begin: no path needs quoting in an #SBATCH line.
//
// The program takes the shell's place. So it is what Slurm calls the batch shell,
// and B: is right: without it the signal goes to the steps that srun starts, and
// there are none.
var (
	arrayScript = template.Must(template.New("array").Parse(head + `#!/bin/bash
# Trains the runs in lines {{.First}} to {{.Last}} of the file "runs", one to a task.
# To submit it by hand, run sbatch in the folder of this file.
#SBATCH --job-name={{.Name}}
#SBATCH --array={{.Indices}}
{{template "site" .}}#SBATCH --output=%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
{{template "options" .}}
run=$(sed -n "$(({{with .Offset}}{{.}} + {{end}}SLURM_ARRAY_TASK_ID)){s/ .*//;p;q;}" runs)
exec ./harness -run "$run" -requeue -threads "$SLURM_CPUS_PER_TASK" {{.Args}}
`))
	reportScript = template.Must(template.New("report").Parse(head + `#!/bin/bash
# Draws the figures from what was trained, when all arrays have ended.
#SBATCH --job-name={{.Name}}
{{template "site" .}}#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
{{template "options" .}}
./harness {{.Args}}
code=$?
touch ended
exit $code
`))
)
