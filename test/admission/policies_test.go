package admission

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
)

var check = flag.Bool("check", false, "fail where a golden pod differs, in place of writing it")

// golden is one pod as the API server makes it under a policy, and what it was made from.
type golden struct {
	Policy source      `json:"policy"`
	Input  source      `json:"input"`
	Pod    *corev1.Pod `json:"pod"`
}

type source struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

var policies = []string{"image-volume", "init-container"}

func TestGoldenPods(t *testing.T) {
	inputs, err := filepath.Glob("pods/*.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no pods: %v", err)
	}
	for _, name := range policies {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", "..", "deploy", "kubernetes", name+".yaml")
			file := readPolicy(t, path)
			plugin := startPlugin(t, file)
			for _, input := range inputs {
				pod := strings.TrimSuffix(filepath.Base(input), ".yaml")
				t.Run(pod, func(t *testing.T) {
					asked := readPod(t, input)
					made := asked.DeepCopy()
					if err := admit(plugin, made, plainObjects, admission.Create); err != nil {
						t.Fatal(err)
					}
					mustBeValid(t, made)
					mustKeepItsClass(t, asked, made)
					mustBeSameWithDefaults(t, plugin, asked, made)
					mustBeStable(t, plugin, made)
					// A typed object that was patched comes without kind and version.
					made.TypeMeta = asked.TypeMeta
					keepGolden(t, filepath.Join("golden", name, pod+".json"), toJSON(t, golden{
						Policy: source{"deploy/kubernetes/" + name + ".yaml", sha(file.text)},
						Input:  source{"test/admission/" + filepath.ToSlash(input), sha(read(t, input))},
						Pod:    made,
					}))
				})
			}
			mustBeGone(t, name, inputs)
		})
	}
}

// A pod that was injected is left alone by a second round, and an update never is a reason.
func mustBeStable(t *testing.T, plugin *mutating.Plugin, made *corev1.Pod) {
	t.Helper()
	for _, operation := range []admission.Operation{admission.Create, admission.Update} {
		again := made.DeepCopy()
		if err := admit(plugin, again, plainObjects, operation); err != nil {
			t.Fatal(err)
		}
		if !equality.Semantic.DeepEqual(made, again) {
			t.Errorf("%s changes it again:\n%s", operation, toJSON(t, again))
		}
	}
}

func TestUpdateIsLeftAlone(t *testing.T) {
	for _, name := range policies {
		plugin := startPlugin(t, readPolicy(t, filepath.Join("..", "..", "deploy", "kubernetes", name+".yaml")))
		pod := readPod(t, "pods/bare.yaml")
		asked := pod.DeepCopy()
		if err := admit(plugin, pod, plainObjects, admission.Update); err != nil {
			t.Fatal(err)
		}
		if !equality.Semantic.DeepEqual(asked, pod) {
			t.Errorf("%s changes a pod that is updated", name)
		}
	}
}

func keepGolden(t *testing.T, path, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if string(before) == text {
		return
	}
	if *check {
		t.Errorf("%s is not what the engine makes", path)
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("CHANGED: test/admission/%s", filepath.ToSlash(path))
}

// A golden pod whose input is gone would go on being tested.
func mustBeGone(t *testing.T, name string, inputs []string) {
	t.Helper()
	goldens, err := filepath.Glob(filepath.Join("golden", name, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(goldens) != len(inputs) {
		t.Errorf("golden/%s has %d pods for %d inputs: delete those that have none", name, len(goldens), len(inputs))
	}
}

func sha(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
