package results

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestCurveRoundTrip(t *testing.T) {
	rows := []Row{
		{100, 0.256, 0.1, 2.302585092994046, 90, 89.99, math.NaN()},
		{200, 0.512, 0.1, 1e-300, 1.0 / 3, 0, 100},
		{300, 0.768, 1e-5, math.Inf(1), 100, 90, 0},
		{400, 1.024, 1e-5, math.NaN(), 100, 90, 12.34},
	}
	b := EncodeCurve(rows)
	got, err := DecodeCurve(b)
	if err != nil {
		t.Fatal(err)
	}
	if again := EncodeCurve(got); !bytes.Equal(b, again) || len(got) != len(rows) {
		t.Errorf("wrote\n%sread and wrote\n%s", b, again)
	}
	want := `iteration,epoch,learning_rate,training_loss,training_error,test_error,validation_error
100,0.256,0.1,2.302585092994046,90,89.99,
200,0.512,0.1,1e-300,0.3333333333333333,0,100
300,0.768,1e-05,+Inf,100,90,0
400,1.024,1e-05,NaN,100,90,12.34
`
	if string(b) != want {
		t.Errorf("got\n%swant\n%s", b, want)
	}
	if _, err := DecodeCurve([]byte(strings.ReplaceAll(want, "\n", "\r\n"))); err != nil {
		t.Errorf("with the line endings of Windows: %v", err)
	}
}

func TestTablesRefuse(t *testing.T) {
	curve := func(b []byte) error { _, err := DecodeCurve(b); return err }
	timing := func(b []byte) error { _, err := DecodeTiming(b); return err }
	responses := func(b []byte) error { _, err := decodeResponses(b); return err }
	head := strings.Join(curveHeader, ",") + "\n"
	for _, c := range []struct {
		name   string
		decode func([]byte) error
		text   string
		want   string
	}{
		{"empty", curve, "", "the file is empty"},
		{"cut in a row", curve, head + "100,1,0.1,2,90,9", "line 2: the file ends in the middle of this line"},
		{"cut in the header", curve, "iteration,ep", "line 1: the file ends in the middle of this line"},
		{"another header", curve, "a,b\n", `line 1: the columns are "a,b", want "iteration,`},
		{"column missing", curve, head + "100,1,0.1,2,90\n", "line 2: 5 values, want 7"},
		{"iteration not whole", curve, head + "1.5,1,0.1,2,90,90,\n", `line 2: iteration is "1.5", want a whole number`},
		{"iterations fall", curve, head + "200,1,0.1,2,90,90,\n100,1,0.1,2,90,90,\n", `line 3: iteration is "100", want more than 200`},
		{"iteration negative", curve, head + "-1,1,0.1,2,90,90,\n", `line 2: iteration is "-1", want more than -1`},
		{"epoch negative", curve, head + "1,-1,0.1,2,90,90,\n", `line 2: epoch is "-1", want a number of at least 0`},
		{"rate infinite", curve, head + "1,1,inf,2,90,90,\n", `line 2: learning_rate is "inf", want a number of at least 0`},
		{"loss a word", curve, head + "1,1,0.1,x,90,90,\n", `line 2: training_loss is "x", want a number`},
		{"error above 100", curve, head + "1,1,0.1,2,101,90,\n", `line 2: training_error is "101", want a percentage from 0 to 100`},
		{"error not a number", curve, head + "1,1,0.1,2,90,NaN,\n", `line 2: test_error is "NaN", want a percentage`},
		{"validation error", curve, head + "1,1,0.1,2,90,90,-1\n", `line 2: validation_error is "-1", want a percentage`},
		{"stray quote", curve, head + "1,\"1,0.1\n", "line 2: extraneous or missing"},
		{"binary", curve, "\x00\x01\x02\n", "line 1: the columns are"},
		{"seconds negative", timing, "iteration,seconds\n1,-2\n", `line 2: seconds is "-2"`},
		{"layer 0", responses, "layer,name,std\n0,conv1,1\n", `line 2: layer is "0", want more than 0`},
	} {
		err := c.decode([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzCurve(f *testing.F) {
	f.Add(EncodeCurve(nil))
	f.Add(EncodeCurve(testRecord(testKey(f, "plain-20", 1), 3).Rows))
	f.Add([]byte("iteration,\"epoch\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := DecodeCurve(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		once := EncodeCurve(rows)
		again, err := DecodeCurve(once)
		if err != nil || !bytes.Equal(once, EncodeCurve(again)) {
			t.Errorf("%q was read, but not what is written for it: %v", b, err)
		}
	})
}

func FuzzResponses(f *testing.F) {
	f.Add(encodeResponses(testRecord(testKey(f, "plain-20", 1), 1).Responses))
	f.Add([]byte("layer,name,std\n1,\"a\nb\",+Inf\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		responses, err := decodeResponses(b)
		if err != nil {
			return
		}
		once := encodeResponses(responses)
		again, err := decodeResponses(once)
		if err != nil || !bytes.Equal(once, encodeResponses(again)) {
			t.Errorf("%q was read, but not what is written for it: %v", b, err)
		}
	})
}
