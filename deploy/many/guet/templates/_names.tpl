{{- define "guet.labels" -}}
app.kubernetes.io/name: guet
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "guet.selector" -}}
app.kubernetes.io/name: guet
app.kubernetes.io/instance: {{ .root.Release.Name }}
guet.fr/site: {{ printf "site-%d" .site | quote }}
{{- end -}}

{{- define "guet.site" -}}
{{ printf "%s-%d" .root.Release.Name .site }}
{{- end -}}
