package tensorboard

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"deepresidual/results"
)

// The part of TensorBoard's HParams dashboard that is used, from
// tensorboard/plugins/hparams: the values of a session's hyperparameters, which
// TensorBoard then shows beside the session's scalars.
const (
	hparamsPlugin = "hparams"
	hparamsStart  = "_hparams_/session_start_info"

	fieldMetadata     = 9 // Summary.Value, SummaryMetadata
	fieldPluginData   = 1 // SummaryMetadata, PluginData
	fieldPluginName   = 1 // PluginData, string
	fieldContent      = 2 // PluginData, bytes: an HParamsPluginData
	fieldSessionStart = 3 // HParamsPluginData, SessionStartInfo
	fieldHParams      = 1 // SessionStartInfo, map of google.protobuf.Value
	fieldStartTime    = 5 // SessionStartInfo, double, seconds
	fieldKey          = 1 // entry of a map
	fieldMapValue     = 2 // entry of a map
	fieldNumber       = 2 // google.protobuf.Value, double
	fieldText         = 3 // google.protobuf.Value, string
	fieldBool         = 4 // google.protobuf.Value, bool
)

// hparams writes one event with a run's hyperparameters: numbers, strings and
// booleans.
func (w *writer) hparams(at time.Time, values map[string]any) error {
	var start []byte
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var value []byte
		switch v := values[name].(type) {
		case float64:
			value = appendDouble(nil, fieldNumber, v)
		case string:
			value = appendString(nil, fieldText, v)
		case bool:
			value = appendKey(nil, fieldBool, wireVarint)
			if v {
				value = append(value, 1)
			} else {
				value = append(value, 0)
			}
		default:
			return fmt.Errorf("tensorboard: hyperparameter %s is a %T", name, v)
		}
		entry := appendString(nil, fieldKey, name)
		start = appendString(start, fieldHParams, string(appendString(entry, fieldMapValue, string(value))))
	}
	start = appendDouble(start, fieldStartTime, float64(at.UnixMicro())/1e6)
	plugin := appendString(nil, fieldPluginName, hparamsPlugin)
	plugin = appendString(plugin, fieldContent, string(appendString(nil, fieldSessionStart, string(start))))
	value := appendString(nil, fieldTag, hparamsStart)
	value = appendString(value, fieldMetadata, string(appendString(nil, fieldPluginData, string(plugin))))
	return w.record(appendString(appendTime(nil, at), fieldSummary, string(appendString(nil, fieldValue, string(value)))))
}

func appendDouble(b []byte, field int, v float64) []byte {
	return binary.LittleEndian.AppendUint64(appendKey(b, field, wireFixed64), math.Float64bits(v))
}

// hyperparameters is what a run was asked to be: its network, seed and scale, and
// every key of its protocol.
func hyperparameters(key results.Key) (map[string]any, error) {
	// By way of JSON, so that a key added to the protocol is here without being told.
	text, err := json.Marshal(key.Spec.Protocol)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: hyperparameters: %w", err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("tensorboard: hyperparameters: %w", err)
	}
	for name, v := range values {
		if list, ok := v.([]any); ok { // milestones
			values[name] = fmt.Sprint(list...)
		}
	}
	values["network"] = key.Spec.Network.String()
	values["depth"] = float64(key.Spec.Network.Depth())
	values["seed"] = float64(key.Spec.Seed)
	values["scale"] = key.Spec.Scale.Fraction()
	values["synthetic_data"] = key.Data.Synthetic
	return values, nil
}
