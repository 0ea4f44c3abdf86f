/* The camera on the page of a detector: a frame at a time goes to this machine's server, and nowhere else. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.camera = {
  toggle: async function (clicks) {
    const video = document.getElementById("camera");
    if (!clicks || !video) return window.dash_clientside.no_update;
    if (video.srcObject) {
      video.srcObject.getTracks().forEach((track) => track.stop());
      video.srcObject = null;
      video.hidden = true;
      return "Use the camera";
    }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
      video.hidden = false;
      await video.play();
      return "Stop the camera";
    } catch (error) {
      return "No camera: " + error.message;
    }
  },
  frame: function (tick) {
    const video = document.getElementById("camera");
    if (!video || !video.srcObject || video.readyState < 2) return window.dash_clientside.no_update;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/png");
  },
};
