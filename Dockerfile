# The image of the server. docs/guides/install.md says how to run it.

# Any image with npm and Node.js 24 or later.
ARG BASE=node:26-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Both secrets are optional. `npmrc` configures npm, and may set `cafile=/run/secrets/ca` to trust the certificates in `ca`.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca \
    npm ci --ignore-scripts
COPY . .
# Sources, declarations and source maps are a quarter of the packages, and the server reads none of them.
RUN npm run build && npm prune --omit=dev --ignore-scripts \
    && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' \) -delete

FROM ${BASE}
# Numeric, so that Kubernetes can verify that the user is not root. The user has no name and no home directory.
ARG USER_ID=10001
RUN install --directory --owner=${USER_ID} --group=${USER_ID} --mode=0700 /data && ln -s /app/bin/pressbox.mjs /usr/local/bin/pressbox
WORKDIR /app
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/bin bin
COPY --from=build /build/container/health.mjs container/
COPY --from=build /build/dist dist
ENV NODE_ENV=production PRESSBOX_HOST=0.0.0.0 PRESSBOX_DATA_DIR=/data
USER ${USER_ID}:${USER_ID}
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/container/health.mjs"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
