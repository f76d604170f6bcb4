package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"deepresidual/harness/text"
)

// serveRefresh is how often a page that is looked at loads itself again.
const serveRefresh = 5 * time.Second

// Listen begins to listen at an address: see [ListenAddress].
func Listen(address string) (net.Listener, error) {
	complete, err := ListenAddress(address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", complete)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("-serve %s: the port is in use; choose another, or 0 for any that is free", address)
	}
	if err != nil {
		return nil, fmt.Errorf("-serve %s: %w", address, err)
	}
	return listener, nil
}

// Serve serves the report, drawn again whenever the records have changed, until
// ctx ends.
func (p *Publisher) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           &reportServer{publisher: p},
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serving the report at %s: %w", listener.Addr(), err)
	}
	return nil
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

// reportServer answers every request for / with the report.
type reportServer struct {
	publisher *Publisher

	mu    sync.Mutex
	state string // of the records that page was drawn from
	page  []byte
}

func (s *reportServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/":
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	page, err := s.current()
	if err != nil {
		http.Error(w, text.OneLine(err), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// The page is whole in itself; nothing in it has cause to load or run anything.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	w.Write(page)
}

// current returns the report of the records as they are now.
func (s *reportServer) current() ([]byte, error) {
	records, damaged := s.publisher.Store.Records()
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintln(&b, r.Key.Identity(), r.Status, len(r.Rows), r.WarmupEnded, len(r.Responses), r.Provenance.Resumed)
	}
	fmt.Fprintln(&b, damaged)
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := b.String(); s.page == nil || state != s.state {
		report, err := s.publisher.livePage(records)
		if err != nil {
			return nil, err
		}
		report.Damaged = damaged
		report.Refresh = serveRefresh
		report.Generated = time.Now()
		var page bytes.Buffer
		if err := report.WriteHTML(&page); err != nil {
			return nil, err
		}
		s.page, s.state = page.Bytes(), state
	}
	return s.page, nil
}
