# Letterbox alone in an image, for every machine that it is made for:
#
#   docker build -t letterbox .
#   docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7,linux/arm/v6 -t letterbox .
#
# docs/docker.md says how to run it.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS=linux TARGETARCH TARGETVARIANT
RUN mkdir -p /root-fs/data && chmod 0700 /root-fs/data && \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
    go build -trimpath -ldflags '-s -w' -o /root-fs/letterbox .

FROM scratch
COPY --from=build --chown=65532:65532 /root-fs/ /
ENV LETTERBOX_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 25 80 143 443 465 587 993
HEALTHCHECK --interval=1m --timeout=15s --start-period=1m CMD ["/letterbox", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/letterbox"]
CMD ["serve"]
