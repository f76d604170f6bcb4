package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/reports"
	"deepresidual/results"
)

// winAddressInUse is WSAEADDRINUSE, by which Windows says what EADDRINUSE says.
const winAddressInUse = syscall.Errno(10048)

// Listen begins to listen at an address: see [ListenAddress].
func Listen(address string) (net.Listener, error) {
	complete, err := ListenAddress(address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", complete)
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, winAddressInUse) {
		return nil, fmt.Errorf("-serve %s: the port is in use; choose another, or 0 for any that is free", address)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("-serve %s: you may not listen at this port, as often at those below 1024; choose another, or 0 for any that is free", address)
	}
	if err != nil {
		return nil, fmt.Errorf("-serve %s: %w", address, err)
	}
	return listener, nil
}

// Live is a report that is served while it grows.
type Live struct {
	*Publisher
	Data results.Fingerprint // of the runs whose state is told
	// Training shows what the command line asks for as soon as there is something
	// of it, also where more is recorded at another scale.
	Training bool
}

// Serve answers requests until ctx ends. Pages are drawn again when the records
// have changed and somebody asks.
func (l *Live) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           askedLocally(listener, newReportServer(l)),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(panics{l.Progress}, "", 0),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serving the report at %s: %w", listener.Addr(), err)
	}
	return nil
}

// askedLocally refuses, where only this machine is listened to, requests for a site's
// name: a page of another site could have that name lead here, and read the answers.
func askedLocally(listener net.Listener, h http.Handler) http.Handler {
	at, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !at.IP.Equal(net.IPv4(127, 0, 0, 1)) && !at.IP.Equal(net.IPv6loopback) {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = strings.Trim(r.Host, "[]")
		}
		if host = strings.TrimSuffix(host, "."); !strings.EqualFold(host, "localhost") && net.ParseIP(host) == nil {
			http.Error(w, "the report is served to this machine: ask for it at localhost, or serve it at another address than 127.0.0.1", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// panics passes on what net/http logs of panics, which go on where a trace is asked
// for: see [process.Recover]. Clients that go away are no news.
type panics struct{ to io.Writer }

func (p panics) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("http: panic")) {
		return len(line), nil
	}
	return p.to.Write(line)
}

// ListenAddress completes an address to listen at: a port alone, with or
// without the colon, is one of this machine only.
func ListenAddress(s string) (string, error) {
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		s = ":" + s
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is no address; give a port, or host:port", s)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// reportServer answers with the report, the state of the runs as JSON, and the
// files of the results folder.
type reportServer struct {
	live  *Live
	pages http.Handler

	mu      sync.Mutex
	version string // of the records that page was drawn from
	page    []byte
	policy  string
}

func newReportServer(l *Live) *reportServer {
	s := &reportServer{live: l}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.report)
	mux.HandleFunc("GET /"+reportFile, s.report)
	mux.HandleFunc("GET /status.json", s.status)
	for _, folder := range []string{"figures", "tables", "runs"} {
		mux.HandleFunc("GET /"+folder+"/{path...}", s.file)
	}
	s.pages = mux
	return s
}

// ServeHTTP implements http.Handler. A panic of a library costs one answer.
func (s *reportServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	defer func() {
		if err != nil {
			http.Error(w, text.OneLine(err), http.StatusInternalServerError)
		}
	}()
	defer process.Recover(&err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:") // of pages that are not the report
	s.pages.ServeHTTP(w, r)
}

func (s *reportServer) report(w http.ResponseWriter, _ *http.Request) {
	page, policy, err := s.current()
	if err != nil {
		http.Error(w, text.OneLine(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Write(page)
}

// news is the answer to status.json.
type news struct {
	Version string `json:"version"` // of the page: another one when rows have arrived
	Runs    Status `json:"runs"`
}

func (s *reportServer) status(w http.ResponseWriter, _ *http.Request) {
	records, damaged := s.live.Store.Records()
	// A queue that cannot be read leaves runs that nobody waits for; the page itself names
	// the records that cannot.
	runs, _ := StatusOf(s.live.Store, results.Request{Experiments: s.live.Experiments, Scale: s.scale(), Seeds: s.live.Asked.Seeds, Data: s.live.Data})
	for i := range runs {
		if runs[i].Where != "" {
			runs[i].Status = results.Running // again, for the page to show how far it is
		}
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	out.Encode(news{versionOf(records, damaged), runs})
}

// scale is the one to tell about; none for all.
func (s *reportServer) scale() experiments.Scale {
	if s.live.AnyScale && !s.live.Training {
		return experiments.Scale{}
	}
	return s.live.Asked.Scale
}

// file answers with a file of the results folder: figures, tables, and of a run
// what its record consists of. os.Root keeps to the folder.
func (s *reportServer) file(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	base := path.Base(name)
	recorded := slices.Contains([]string{results.RunFile, results.CurveFile, results.TimingFile, results.ResponsesFile, train.WeightsFile}, base)
	if strings.HasPrefix(name, "runs/") && !recorded {
		http.NotFound(w, r)
		return
	}
	root, err := os.OpenRoot(s.live.Store.Dir())
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	switch path.Ext(name) {
	case ".csv", ".md", ".tex", ".toml":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeFileFS(w, r, root.FS(), name)
}

// versionOf names a state of the records.
func versionOf(records []*results.Record, damaged []error) string {
	h := fnv.New64a()
	for _, r := range records {
		fmt.Fprintln(h, r.Key.Identity(), r.Status, len(r.Rows), r.WarmupEnded, len(r.Responses), r.Provenance.Resumed, r.Provenance.Started.UnixNano())
	}
	fmt.Fprintln(h, damaged)
	return fmt.Sprintf("%016x", h.Sum64())
}

// current returns the report of the records as they are now, and its policy.
func (s *reportServer) current() (page []byte, policy string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	records, damaged := s.live.Store.Records() // under the lock, so that no older page replaces a newer one
	if version := versionOf(records, damaged); s.page == nil || version != s.version {
		report, err := s.live.livePage(records, s.live.choose)
		if err != nil {
			return nil, "", err
		}
		report.Damaged, report.Live, report.Version, report.Generated = damaged, true, version, time.Now()
		var page bytes.Buffer
		if err := report.WriteHTML(&page); err != nil {
			return nil, "", err
		}
		if len(report.Failed) > 0 { // which may pass: the next who asks has another try
			return page.Bytes(), report.Policy(), nil
		}
		s.page, s.policy, s.version = page.Bytes(), report.Policy(), version
	}
	return s.page, s.policy, nil
}

// choose is the [Chooser] of a live page.
func (l *Live) choose(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	if l.Training && !reports.Select(e, records, l.Asked).Empty() {
		return l.Asked, true
	}
	return l.Recorded(e, records)
}
