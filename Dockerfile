# longcat alone, without a shell or a root user. The binary and the certificates
# are made before, so that building the image needs no network:
#
#   make image     (buildah, podman or docker)
#
#   podman run --rm -v models:/data -e HF_TOKEN longcat download org/model --local-dir /data/model
FROM scratch
ARG BINARY=longcat
COPY ${BINARY} /longcat
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENV HOME=/data HF_HOME=/data/huggingface
VOLUME /data
WORKDIR /data
ENTRYPOINT ["/longcat"]
