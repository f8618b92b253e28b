// The JavaScript client of the Hub against one that longcat serves.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import {
	commit, createBranch, createRepo, deleteFile, deleteRepo, downloadFile, fileDownloadInfo, fileExists,
	listCommits, listFiles, modelInfo, pathsInfo, repoExists, uploadFile, uploadFiles, whoAmI,
} from "@huggingface/hub";

const hubUrl = process.env.HF_ENDPOINT;
const accessToken = process.env.HF_TOKEN;
const repo = { type: "model", name: "me/from-javascript" };
const at = { repo, hubUrl, accessToken };
const big = randomBytes(12_000_000);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const bytes = async (blob) => Buffer.from(await blob.arrayBuffer());

async function paths() {
	const found = [];
	for await (const entry of listFiles({ ...at, recursive: true })) found.push(entry.path);
	return found.sort();
}

test("who am I", async () => {
	assert.equal((await whoAmI({ hubUrl, accessToken })).name, "longcat");
});

for (const useXet of [false, true]) {
	const way = useXet ? "through Xet" : "through LFS";
	test(`a repo's life ${way}`, async () => {
		assert.equal(await repoExists(at), false);
		await createRepo(at);
		assert.equal(await repoExists(at), true);

		await uploadFile({ ...at, useXet, file: { path: "sub/notes ä.txt", content: new Blob(["text\n"]) } });
		await uploadFiles({
			...at, useXet, commitTitle: "weights",
			files: [{ path: "weights.safetensors", content: new Blob([big]) }, { path: "config.json", content: new Blob(["{}\n"]) }],
		});
		assert.deepEqual(await paths(), [".gitattributes", "config.json", "sub", "sub/notes ä.txt", "weights.safetensors"]);
		assert.deepEqual((await modelInfo({ name: repo.name, hubUrl, accessToken })).private, false);
		assert.equal((await pathsInfo({ ...at, paths: ["weights.safetensors"] }))[0].lfs.oid, sha256(big));

		const info = await fileDownloadInfo({ ...at, path: "weights.safetensors" });
		assert.equal(info.size, big.length);
		for (const xet of [false, true]) {
			const got = await bytes(await downloadFile({ ...at, path: "weights.safetensors", xet }));
			assert.equal(sha256(got), sha256(big));
		}
		assert.equal((await bytes(await downloadFile({ ...at, path: "sub/notes ä.txt" }))).toString(), "text\n");
		const middle = (await downloadFile({ ...at, path: "weights.safetensors", xet: false })).slice(5_000_000, 5_000_100);
		assert.deepEqual(await bytes(middle), big.subarray(5_000_000, 5_000_100));

		await createBranch({ ...at, branch: "next" });
		await commit({ ...at, branch: "next", title: "remove", operations: [{ operation: "delete", path: "config.json" }] });
		assert.equal(await fileExists({ ...at, path: "config.json", revision: "next" }), false);
		assert.equal(await fileExists({ ...at, path: "config.json" }), true);
		await deleteFile({ ...at, path: "config.json" });
		assert.equal(await fileExists({ ...at, path: "config.json" }), false);
		const titles = [];
		for await (const c of listCommits(at)) titles.push(c.title);
		assert.ok(titles.includes("weights"), titles.join());

		await deleteRepo(at);
		assert.equal(await repoExists(at), false);
	});
}
