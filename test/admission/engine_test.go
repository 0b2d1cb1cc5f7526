// The API server's own admission plugin, with its own policy source, compiler, matcher and patchers. Only what is
// outside of it is played: a store with the policy, its binding and the namespace, and the OpenAPI schemas of the release.
package admission

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/discovery"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi/openapitest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"sigs.k8s.io/yaml"
)

var podKind = corev1.SchemeGroupVersion.WithKind("Pod")

// policyFile is a policy and its binding as they lie in deploy/.
type policyFile struct {
	text    []byte
	policy  *admissionv1.MutatingAdmissionPolicy
	binding *admissionv1.MutatingAdmissionPolicyBinding
}

func readPolicy(t *testing.T, path string) policyFile {
	t.Helper()
	text := read(t, path)
	documents := strings.Split(string(text), "\n---\n")
	if len(documents) != 2 {
		t.Fatalf("%s has %d documents, not a policy and its binding", path, len(documents))
	}
	file := policyFile{text, &admissionv1.MutatingAdmissionPolicy{}, &admissionv1.MutatingAdmissionPolicyBinding{}}
	decode(t, path, []byte(documents[0]), file.policy)
	decode(t, path, []byte(documents[1]), file.binding)
	return file
}

func readPod(t *testing.T, path string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	decode(t, path, read(t, path), pod)
	return pod
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t *testing.T, path string, text []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// startPlugin starts the plugin with one policy in force.
func startPlugin(t *testing.T, file policyFile) *mutating.Plugin {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
	// What fails is to be seen here, where the file says Ignore.
	policy := file.policy.DeepCopy()
	policy.Spec.FailurePolicy = new(admissionv1.Fail)
	binding := file.binding.DeepCopy()
	legacyscheme.Scheme.Default(policy)
	legacyscheme.Scheme.Default(binding)
	client := clientWithSchemas{fake.NewClientset(policy, binding, namespace), schemasOfRelease(t)}
	factory := informers.NewSharedInformerFactory(client, 0)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(podKind, meta.RESTScopeNamespace)

	plugin, err := mutating.NewPlugin(nil)
	if err != nil {
		t.Fatal(err)
	}
	initializer.New(client, dynamicfake.NewSimpleDynamicClient(scheme.Scheme), factory,
		authorizerfactory.NewAlwaysAllowAuthorizer(), utilfeature.DefaultFeatureGate,
		compatibility.DefaultBuildEffectiveVersion(), t.Context().Done(), mapper).Initialize(plugin)
	if err := plugin.ValidateInitialization(); err != nil {
		t.Fatal(err)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	waitUntilItMutates(t, plugin)
	return plugin
}

// waitUntilItMutates waits for the policy and the schemas, which the plugin fetches in the background.
func waitUntilItMutates(t *testing.T, plugin *mutating.Plugin) {
	t.Helper()
	probe := readPod(t, "pods/bare.yaml")
	var lastError error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		pod := probe.DeepCopy()
		lastError = admit(plugin, pod, plainObjects, admission.Create)
		if lastError == nil && len(pod.Spec.Volumes) > 0 {
			return
		}
	}
	t.Fatalf("the policy did not come into force within half a minute: %v", lastError)
}

var plainObjects = admission.NewObjectInterfacesFromScheme(scheme.Scheme)

// admit asks the plugin, which changes the pod in place. The pod is of the type that the scheme of objects admits.
func admit(plugin *mutating.Plugin, pod runtime.Object, objects admission.ObjectInterfaces, operation admission.Operation) error {
	accessor, err := meta.Accessor(pod)
	if err != nil {
		return err
	}
	var old runtime.Object
	if operation == admission.Update {
		old = pod.DeepCopyObject()
	}
	attributes := admission.NewAttributesRecord(pod, old, podKind, accessor.GetNamespace(), accessor.GetName(),
		corev1.SchemeGroupVersion.WithResource("pods"), "", operation, nil, false, &user.DefaultInfo{Name: "tester"})
	return plugin.Admit(context.Background(), attributes, objects)
}

type clientWithSchemas struct {
	*fake.Clientset
	directory string
}

func (c clientWithSchemas) Discovery() discovery.DiscoveryInterface {
	return discoveryWithSchemas{c.Clientset.Discovery(), c.directory}
}

type discoveryWithSchemas struct {
	discovery.DiscoveryInterface
	directory string
}

func (d discoveryWithSchemas) OpenAPIV3() openapi.Client {
	return openapitest.NewFileClient(d.directory)
}

// schemasOfRelease is where the release's own schemas lie: those in client-go are of some older one.
func schemasOfRelease(t *testing.T) string {
	t.Helper()
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(directory)), "api", "openapi-spec", "v3")
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}
