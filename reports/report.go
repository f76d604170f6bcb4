package reports

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

// A Report is the page with all drawings.
type Report struct {
	Title     string
	Own       bool // what is drawn is an experiment of one's own, not the paper's
	Drawings  []*Drawing
	Damaged   []error   // records that could not be read
	Failed    []error   // drawings that could not be made
	Generated time.Time // printed if not zero; leave it out of a page that is kept
	// Live is for a page that a server renews: it asks the server for the state of
	// the runs (status.json), and for itself when that says that it has changed.
	Live bool
	// Version names what a live page shows; another one means that it has changed.
	Version string
}

// The page's template, style and script, and uPlot, which draws its charts
// (MIT licence, in the page with it). An own script for values under the
// pointer, zoom and curves that can be switched off would be as long as the
// 51 kB of uPlot, without its years of use; what uPlot lacks (the keyboard,
// bands that follow their curves, sorting) is in report.js.
var (
	//go:embed page/report.html.tmpl
	reportTemplate string
	//go:embed page/report.css
	reportStyle string
	//go:embed page/report.js
	reportScript string
	//go:embed page/uplot/uPlot.min.css
	plotStyle string
	//go:embed page/uplot/uPlot.iife.min.js
	plotScript string
	//go:embed page/uplot/LICENSE
	plotLicence string
)

// scripts are the page's, in order. A CDATA section makes them well-formed XML.
func scripts() []string {
	cdata := func(s string) string { return "//<![CDATA[\n" + s + "\n//]]>" }
	return []string{cdata("/*! uPlot\n" + plotLicence + "*/\n" + plotScript), cdata(reportScript)}
}

// Policy is the Content-Security-Policy of the page: it loads nothing, runs the
// two scripts in it and no other, and, live, asks its own server for news.
func (r *Report) Policy() string {
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; img-src data:; script-src"
	for _, s := range scripts() {
		sum := sha256.Sum256([]byte(s))
		policy += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if r.Live {
		policy += "; connect-src 'self'"
	}
	return policy
}

// WriteHTML writes the report as one HTML page that loads nothing from
// anywhere: figures are inline drawings, and data, style and script are in the
// page. Without script it shows all but charts that answer the pointer.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("reports: the page's template: %w", err)
	}
	content, err := r.content()
	if err != nil {
		return fmt.Errorf("reports: making the page: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, content); err != nil {
		return fmt.Errorf("reports: making the page: %w", err)
	}
	_, err = b.WriteTo(w)
	return err
}

// scriptElements are the scripts as elements of the page.
func scriptElements() template.HTML {
	var b strings.Builder
	for _, s := range scripts() {
		b.WriteString("<script>" + s + "</script>\n")
	}
	return template.HTML(b.String())
}
