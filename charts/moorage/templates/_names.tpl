{{/* Names of the operator are fixed: gateways find it by them. One release per namespace. */}}
{{- define "moorage.operator" -}}moorage-operator{{- end }}

{{/* Objects of cluster scope carry the release's namespace, so that two releases do not meet. */}}
{{- define "moorage.clusterWide" -}}moorage-operator-{{ .Release.Namespace }}{{- end }}

{{- define "moorage.selectorLabels" -}}
app.kubernetes.io/name: moorage-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "moorage.labels" -}}
{{ include "moorage.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: moorage
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image by digest, else by tag. Takes (dict "image" … "root" $). */}}
{{- define "moorage.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}
