// What the API server does with an object before and after its admission: defaults, conversion, validation.
package admission

import (
	"strings"
	"testing"

	admissionv1alpha1 "k8s.io/api/admissionregistration/v1alpha1"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	admissionvalidation "k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

var serverObjects = admission.NewObjectInterfacesFromScheme(legacyscheme.Scheme)

func mustBeValid(t *testing.T, made *corev1.Pod) {
	t.Helper()
	pod := asServer(t, made)
	dropped := pod.DeepCopy()
	podutil.DropDisabledPodFields(dropped, nil)
	if !equality.Semantic.DeepEqual(pod, dropped) {
		t.Error("the server drops fields of it")
	}
	options := podutil.GetValidationOptionsFromPodSpecAndMeta(&pod.Spec, nil, &pod.ObjectMeta, nil)
	// The names that generateName stands for are made between admission and validation.
	if pod.Name == "" {
		pod.Name = pod.GenerateName + "abcde"
	}
	for _, problem := range validation.ValidatePodCreate(pod, options) {
		t.Errorf("the pod is not valid: %v", problem)
	}
}

// mustBeSameWithDefaults admits the pod as the server does, with every default filled in and in its internal type.
func mustBeSameWithDefaults(t *testing.T, plugin *mutating.Plugin, asked, made *corev1.Pod) {
	t.Helper()
	pod := asServer(t, asked)
	if err := admit(plugin, pod, serverObjects, admission.Create); err != nil {
		t.Fatal(err)
	}
	if want := asServer(t, made); !equality.Semantic.DeepEqual(want, pod) {
		t.Errorf("with defaults it becomes another pod:\n%s\nand not\n%s", toJSON(t, pod.Spec), toJSON(t, want.Spec))
	}
}

func asServer(t *testing.T, pod *corev1.Pod) *core.Pod {
	t.Helper()
	defaulted := pod.DeepCopy()
	legacyscheme.Scheme.Default(defaulted)
	internal := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(defaulted, internal, nil); err != nil {
		t.Fatal(err)
	}
	return internal
}

func TestPoliciesAreValid(t *testing.T) {
	for _, name := range policies {
		file := readPolicy(t, "../../deploy/kubernetes/"+name+".yaml")
		documents := strings.Split(string(file.text), "\n---\n")
		for version, objects := range map[string][2]runtime.Object{
			"v1":       {file.policy.DeepCopy(), file.binding.DeepCopy()},
			"v1beta1":  {&admissionv1beta1.MutatingAdmissionPolicy{}, &admissionv1beta1.MutatingAdmissionPolicyBinding{}},
			"v1alpha1": {&admissionv1alpha1.MutatingAdmissionPolicy{}, &admissionv1alpha1.MutatingAdmissionPolicyBinding{}},
		} {
			t.Run(name+"/"+version, func(t *testing.T) {
				internalPolicy := &admissionregistration.MutatingAdmissionPolicy{}
				internalBinding := &admissionregistration.MutatingAdmissionPolicyBinding{}
				for i, internal := range []runtime.Object{internalPolicy, internalBinding} {
					if version != "v1" {
						text := strings.Replace(documents[i], "admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/"+version, 1)
						decode(t, name, []byte(text), objects[i])
					}
					legacyscheme.Scheme.Default(objects[i])
					if err := legacyscheme.Scheme.Convert(objects[i], internal, nil); err != nil {
						t.Fatal(err)
					}
				}
				for _, problem := range admissionvalidation.ValidateMutatingAdmissionPolicy(internalPolicy) {
					t.Error(problem)
				}
				for _, problem := range admissionvalidation.ValidateMutatingAdmissionPolicyBinding(internalBinding) {
					t.Error(problem)
				}
			})
		}
	}
}

// A pod that meets the restricted Pod Security Standard goes on meeting it.
func TestRestrictedStaysRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, name := range policies {
		plugin := startPlugin(t, readPolicy(t, "../../deploy/kubernetes/"+name+".yaml"))
		pod := readPod(t, "pods/busy.yaml")
		for _, when := range []string{"before", "after"} {
			for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
				if !result.Allowed {
					t.Errorf("%s, %s: %s: %s", name, when, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
			if err := admit(plugin, pod, plainObjects, admission.Create); err != nil {
				t.Fatal(err)
			}
		}
	}
}
