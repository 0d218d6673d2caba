{{/* What the operator reads at its start: moorage_operator/settings.py has each member. */}}
{{- define "moorage.settings" -}}
{{- $images := .Values.images -}}
{{- dict
  "watchNamespaces" .Values.watchNamespaces
  "gatewayImage" (include "moorage.image" (dict "image" $images.gateway "root" .))
  "imagePullPolicy" $images.pullPolicy
  "imagePullSecrets" $images.pullSecrets
  "clusterDomain" .Values.clusterDomain
  "gatewayResources" .Values.gateways.resources
  "sidecarResources" .Values.sidecars.resources
  "adminPeers" .Values.monitoring.peers
  "serviceName" (include "moorage.operator" .)
  "keyRotationDays" .Values.keys.rotationDays
  "logLevel" .Values.operator.logLevel
| toPrettyJson }}
{{- end }}
