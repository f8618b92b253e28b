package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// printJSON is the one document of --json. v is of a type in documents.
func (a *app) printJSON(v any) error {
	a.endProgress()
	text, err := encoded(v)
	if err != nil {
		return err
	}
	a.printed = true
	_, err = a.out.Write(text)
	return err
}

// encoded writes a document, with its schema's name first.
func encoded(v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, ok := schemaOf[t]
	if !ok {
		return nil, fmt.Errorf("no JSON document is made of %v", t)
	}
	whole := reflect.New(t).Elem()
	whole.Set(reflect.Indirect(reflect.ValueOf(v)))
	withoutNulls(whole)
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(whole.Interface()); err != nil {
		return nil, err
	}
	rest := bytes.TrimPrefix(body.Bytes(), []byte("{"))
	if bytes.HasPrefix(rest, []byte(`"`)) {
		rest = append([]byte(","), rest...)
	}
	var text bytes.Buffer
	err := json.Indent(&text, fmt.Appendf(nil, `{"schema":%q%s`, name, rest), "", "  ")
	return text.Bytes(), err
}

// withoutNulls makes empty lists of those that JSON would call null.
func withoutNulls(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			withoutNulls(v.Elem())
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			withoutNulls(field)
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			withoutNulls(v.Index(i))
		}
	}
}
